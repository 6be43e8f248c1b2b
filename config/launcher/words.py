"""The last lines that ``bin/run`` prints: where to go, as whom, and what to look at first."""

from config.launcher.places import Places

# Sign-in, what this person is (screen language), what to click first.
DEMO_PEOPLE = (
    ("truongban", "Trưởng Ban", "Bảng điều hành: the red tasks and why"),
    ("photruong", "Phó Trưởng Ban phụ trách khối", "Bảng điều hành: his block"),
    ("vanphong", "Văn phòng Ban / Tổ Giúp việc", "Nhiệm vụ: what is missing and late"),
    ("donvi", "Lãnh đạo đơn vị", "tasks and products of the unit"),
    ("chuyenvien", "Chuyên viên", "Việc của tôi: report progress"),
    ("sohoa", "Nhân viên số hóa", "Lô của tôi: upload a scan and watch it being read"),
    ("kiemtra", "Kiểm tra chất lượng", "Số hóa: lots that wait for inspection"),
    ("hoso", "Người giữ hồ sơ", "Đảng viên: find a person, with or without accents"),
    ("chibo", "Bí thư chi bộ", "Đảng viên: the members of the cell"),
    ("dangvien", "Đảng viên", "own record"),
    ("anninh", "Cán bộ an ninh", "Nhật ký truy cập: who read what"),
    ("quantri", "Quản trị hệ thống", "Người dùng và vai trò"),
)


def closing(places: Places, port: int, *, demo: bool) -> str:
    """Address, demonstration sign-ins with the password, first click; for real use how to begin."""
    address = f"  http://localhost:{port}"
    return "\n".join(_with_demo(places, address) if demo else _in_earnest(address))


def _in_earnest(address: str) -> list[str]:
    return [
        "",
        "No demonstration data. The first administrator is made, in another terminal, with",
        "  .venv/bin/python manage.py bootstrap_admin",
        "",
        "Sáu Rõ is running (Ctrl-C stops it). Open",
        address,
    ]


def _with_demo(places: Places, address: str) -> list[str]:
    file = places.var / "demo-password"
    password = file.read_text("utf-8").strip() if file.exists() else f"(lost: {file} is missing)"
    people = [f"  {name:<11} {who:<30} {first}" for name, who, first in DEMO_PEOPLE]
    return [
        "",
        "Demonstration sign-ins, one per role:",
        *people,
        "",
        "Sáu Rõ is running (Ctrl-C stops it). Open",
        address,
        f"sign in as  truongban  with the password  {password}  (it is everybody's)",
        "and click the first red line of the board: it says why it is red and who holds it.",
    ]
