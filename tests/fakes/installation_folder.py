"""A small installation folder that is in order, for tests to spoil."""

from pathlib import Path

KEY = "00" * 32

FILES = {
    "hub.yaml": """\
listen: 127.0.0.1:0
home: data
secrets:
  master_key: file:secrets/a.key
  api_key_pepper: file:secrets/a.key
  fingerprint_key: file:secrets/a.key
  subject_key: file:secrets/a.key
limits:
  partitions: 4
""",
    "agencies.yaml": """\
agencies:
  - code: H56
    name: Ủy ban nhân dân tỉnh Thanh Hóa
  - code: 000.00.14.H56
    name: Trung tâm Phục vụ hành chính công
""",
    "systems.yaml": """\
systems:
  - agency: H56.14
    system: mot-cua
    keys:
      - id: abcd
        digest: 1111111111111111111111111111111111111111111111111111111111111111
""",
    "grants.yaml": """\
grants:
  - agency: H56.14
    system: mot-cua
    grants:
      - service: dossier.submit
""",
    "procedures.yaml": """\
procedures:
  - code: 1.001193
    name: Thủ tục đăng ký khai sinh
    field_code: G15-HT01
    field_name: Hộ tịch
    valid_from: 2025-07-01
""",
}


def write_installation(folder: Path) -> Path:
    """Write the folder and return it."""
    (folder / "secrets").mkdir(parents=True)
    (folder / "platforms").mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    write_secret(folder, "a.key", KEY)
    return folder


def write_secret(folder: Path, name: str, text: str) -> None:
    """Write a secret that only the owner can read."""
    file = folder / "secrets" / name
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)


def change(folder: Path, name: str, old: str, new: str) -> None:
    """Replace a text that stands in a file once."""
    text = (folder / name).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")
