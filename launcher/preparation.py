"""What must be there before the services start; the second time almost nothing is left to do."""

from collections.abc import Mapping

from launcher.administrator import Administrator
from launcher.process import Job
from launcher.progress import Progress
from launcher.schema import is_current
from launcher.services import NAMES, Layout

Environments = Mapping[str, Mapping[str, str]]


class Preparation:
    def __init__(self, layout: Layout, environments: Environments, progress: Progress) -> None:
        self._layout = layout
        self._environments = environments
        self._progress = progress

    def run(self, administrator: Administrator) -> None:
        outdated = [name for name in NAMES if not self._is_current(name)]
        jobs = [self._job(name, "migrate") for name in outdated]
        if not any(self._layout.data.keys.glob("*.pem")):
            jobs.append(self._job("auth", "create-key"))
        self._progress.step("making the databases" if jobs else "the databases are up to date")
        for job in jobs:
            job.finish()
            self._progress.step(f"{job.label}: done")
        if "auth" in outdated or not administrator.is_made:
            self._job("auth", "create-admin", administrator.environment).finish()
            administrator.mark_as_made()
            self._progress.step(f"admin {administrator.email}: there")

    def _job(self, name: str, command: str, more: Mapping[str, str] | None = None) -> Job:
        environment = {**self._environments[name], **(more or {})}
        return Job(f"shop-{name} {command}", [self._layout.program(name), command], environment)

    def _is_current(self, name: str) -> bool:
        url = self._environments[name][f"{name.upper()}_DATABASE_URL"]
        return is_current(url, self._layout.migrations(name))
