"""Whose process is at the other end of a connection on loopback: the relay speaks with its own user's alone.

Loopback is shared by all users of a machine. Linux tells the owner of a socket if asked for that very one, within ten
microseconds, and lists them all in `/proc/net/tcp`, which takes milliseconds. No secret is needed then, and an exporter
that somebody pointed here by hand just works. Where the system does not tell (macOS), every local user may send; what
they could do is add rows, never read one.
"""

import socket
import struct
from pathlib import Path

TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_OPEN = ("01", "04", "05", "08")  # established, or one of the two has ended its half
_COLUMN_UID = 7
# The kernel's `sock_diag`: one request of `linux/inet_diag.h`, one answer.
_SOCK_DIAG, _REQUEST, _BY_FAMILY, _NO_COOKIE = 4, 1, 20, 0xFFFFFFFF
_STATE_AT, _UID_AT = 17, 80
_STATES = tuple(int(state, 16) for state in _OPEN)


def can_tell(tables: tuple[str, ...] = TABLES) -> bool:
    """Whether this system tells the owner of a socket."""
    return Path(tables[0]).exists()


def owner(port: int, relay_port: int) -> int | None:
    """The user whose socket at `port` is connected to ours; None if there is none."""
    try:
        return asked(port, relay_port)
    except (OSError, AttributeError, struct.error):
        return listed(port, relay_port)


def asked(port: int, relay_port: int) -> int:
    """The same by the kernel's answer. Raises OSError where it gives none, or knows of no such socket."""
    here = socket.inet_aton("127.0.0.1").ljust(16, b"\0")
    ends = struct.pack(">HH", port, relay_port) + here + here + struct.pack("=III", 0, _NO_COOKIE, _NO_COOKIE)
    about = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + ends
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG) as kernel:
        kernel.settimeout(1.0)
        kernel.send(struct.pack("=IHHII", 16 + len(about), _BY_FAMILY, _REQUEST, 1, 0) + about)
        answer = kernel.recv(4096)
    if struct.unpack_from("=IHHII", answer)[1] != _BY_FAMILY or answer[_STATE_AT] not in _STATES:
        raise OSError(None, "there is no such socket, or it is not told")
    return struct.unpack_from("=I", answer, _UID_AT)[0]


def listed(port: int, relay_port: int, tables: tuple[str, ...] = TABLES) -> int | None:
    """The same by the list of all sockets."""
    # In the table the ends of a connection are hexadecimal, the port after the colon.
    near, far = f":{port:04X}", f":{relay_port:04X}"
    for table in tables:
        try:
            text = Path(table).read_text(encoding="ascii", errors="replace")
        except OSError:
            continue
        at = text.find(f"{near} ")
        while at >= 0:
            begin, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
            row = text[begin : end if end > 0 else len(text)].split()
            if len(row) > _COLUMN_UID and _is(row, near, far) and row[_COLUMN_UID].isdigit():
                return int(row[_COLUMN_UID])
            at = text.find(f"{near} ", at + 1)
    return None


def _is(row: list[str], near: str, far: str) -> bool:
    return row[1].endswith(near) and row[2].endswith(far) and row[3] in _OPEN
