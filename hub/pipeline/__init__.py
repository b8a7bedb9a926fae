"""Pure decisions: validate, authorise, plan, classify, decide. No I/O at all."""
