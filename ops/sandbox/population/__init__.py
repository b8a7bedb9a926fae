"""The national population database's service 037 `TraCuuThongTinCongDan` as a sandbox, with invented persons."""
