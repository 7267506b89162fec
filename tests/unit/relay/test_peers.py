"""Whose socket is at the other end, as Linux tells it."""

import os
import socket
import subprocess
import sys

import pytest

from tallyward.relay import peers

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "  {n}: 0100007F:{near:04X} 0100007F:{far:04X} {state} 00000000:00000000 00:00000000 00000000 {uid} 0 1\n"


def table(tmp_path, *rows):
    file = tmp_path / "tcp"
    file.write_text(HEAD + "".join(ROW.format(n=n, **row) for n, row in enumerate(rows)))
    return (str(file), str(tmp_path / "missing"))


@pytest.mark.skipif(not peers.can_tell(), reason="this system does not tell")
def test_the_owner_of_a_real_connection_is_its_user():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client, server.accept()[0]:
            assert peers.owner(client.getsockname()[1], port) == os.getuid()
            assert peers.listed(client.getsockname()[1], port) == os.getuid()
            assert peers.owner(port, client.getsockname()[1]) == os.getuid()  # the other end
            assert peers.owner(1, port) is None


def test_only_the_row_of_that_very_connection_counts(tmp_path):
    mine = {"near": 50_000, "far": 4_318, "state": "01", "uid": 1_000}
    tables = table(
        tmp_path,
        {**mine, "far": 9_999, "uid": 7},
        {"near": 4_318, "far": 50_000, "state": "01", "uid": 8},
        mine,
    )
    assert peers.listed(50_000, 4_318, tables) == 1_000
    assert peers.listed(50_001, 4_318, tables) is None


def test_a_connection_that_nobody_owns_any_more_has_no_owner(tmp_path):
    tables = table(tmp_path, {"near": 50_000, "far": 4_318, "state": "06", "uid": 0})
    assert peers.listed(50_000, 4_318, tables) is None


@pytest.mark.skipif(not peers.can_tell() or os.getuid() != 0, reason="only root can be somebody else for a moment")
def test_another_users_connection_is_another_users():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        # Who becomes somebody else may not be able to read our Python any more, so what it needs is loaded before.
        before = "import encodings.idna, os, socket; os.setuid(12345)"
        program = f"{before}; near = socket.create_connection(('127.0.0.1', {port})); input()"
        with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as process:
            with server.accept()[0] as near:
                theirs = near.getpeername()[1]
                assert (peers.owner(theirs, port), peers.listed(theirs, port)) == (12345, 12345)
            process.kill()
