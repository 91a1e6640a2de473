import os
import stat
from pathlib import Path

import pytest

from launcher.data_folder import LONGEST_SOCKET_PATH, DataFolder
from launcher.errors import LaunchError


def test_only_its_owner_can_look_into_it(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "new" / "var")
    with data.opened(), data.sockets() as sockets:
        for folder in (data.secrets, data.keys, data.databases, data.logs, data.mail, sockets):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_second_launcher_is_kept_out(tmp_path: Path) -> None:
    refused = pytest.raises(LaunchError, match=rf"already runs.*process {os.getpid()}")
    with DataFolder(tmp_path).opened(), refused, DataFolder(tmp_path).opened():
        pass
    with DataFolder(tmp_path).opened():
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        refused = pytest.raises(LaunchError, match=r"DATA_DIR.*there is a file where a folder must")
        with refused, DataFolder(path).opened():
            pass


def test_what_a_killed_launcher_left_is_removed(tmp_path: Path) -> None:
    data = DataFolder(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "auth.sock").touch()
    with data.opened(), data.sockets() as sockets:
        assert sockets == tmp_path / "run"
        assert list(sockets.iterdir()) == []
    assert not sockets.exists()


def test_sockets_of_a_deep_folder_are_elsewhere(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / ("deep" * 20))
    with data.opened(), data.sockets() as sockets:
        assert len(str(sockets / "catalog-internal.sock")) <= LONGEST_SOCKET_PATH
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert not sockets.exists()
