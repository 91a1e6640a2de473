"""The shop as a whole: prepared, started, kept running, stopped."""

import sys
from collections.abc import Mapping
from pathlib import Path

from launcher.administrator import Administrator, find_administrator
from launcher.banner import banner, curl_lines, password_works, shown_mails, shown_password
from launcher.child import Child
from launcher.data_folder import DataFolder
from launcher.gateway import check_port, find_local_url, gateway_child
from launcher.nginx_program import find_nginx
from launcher.preparation import Environments, Preparation
from launcher.progress import Progress
from launcher.sample import SampleCatalog
from launcher.sandbox import find_sandbox
from launcher.service_command import SOCKETS
from launcher.services import NAMES, Layout, service_environment
from launcher.settings import Settings
from launcher.supervisor import Supervisor
from launcher.unix_http import answers
from launcher.vault import Vault


def run_shop(settings: Settings, environment: Mapping[str, str], root: Path) -> None:
    """Until KeyboardInterrupt; raises LaunchError when the shop cannot run."""
    data = DataFolder(settings.data_dir)
    if not data.path.exists():
        check_port(settings)  # a shop that cannot open leaves nothing behind
    with data.opened():
        check_port(settings)
        with data.sockets() as sockets:
            programs = Path(sys.executable).parent
            layout = Layout(root=root, data=data, sockets=sockets, programs=programs)
            Shop(settings, environment, layout).run()


class Shop:
    def __init__(self, settings: Settings, environment: Mapping[str, str], layout: Layout) -> None:
        self._settings = settings
        self._environment = environment
        self._layout = layout
        self._progress = Progress()
        self._sample = SampleCatalog(layout)

    def run(self) -> None:
        vault = Vault(self._layout.data.secrets)
        vault.keep(SOCKETS, str(self._layout.sockets))
        environments = {
            name: service_environment(name, self._layout, vault, self._environment)
            for name in NAMES
        }
        local_url = find_local_url(self._settings, vault)
        sandbox = find_sandbox(self._settings, self._layout, vault, local_url)
        environments["orders"] = sandbox.told_to_orders() | environments["orders"]
        nginx = find_nginx(self._layout.root / ".tools" / "nginx", self._progress.step)
        administrator = find_administrator(self._settings, vault)
        Preparation(self._layout, environments, self._progress).run(administrator)
        gateway = gateway_child(
            nginx, self._settings, self._layout, self._environment, local_url=local_url
        )
        services = [sandbox.child(self._environment), *self._services(environments)]
        supervisor = Supervisor(services, gateway, self._progress.event)
        try:
            self._start(supervisor, administrator, local_url)
            supervisor.run_while(lambda: True)
        except KeyboardInterrupt:
            self._progress.event("stopping the shop")
            raise
        finally:
            supervisor.stop()

    def _services(self, environments: Environments) -> list[Child]:
        return [self._service(name, environments[name]) for name in NAMES]

    def _service(self, name: str, environment: Mapping[str, str]) -> Child:
        return Child(
            name=name,
            command=[self._layout.program(name), "serve"],
            environment=environment,
            log=self._layout.data.log(name),
            is_ready=lambda: answers(self._layout.socket(name), "/readyz"),
        )

    def _start(self, supervisor: Supervisor, administrator: Administrator, local_url: str) -> None:
        supervisor.start()
        self._progress.step(
            "auth, catalog, cart, orders, the payment sandbox and the gateway answer"
        )
        if self._sample.is_wanted():
            self._progress.step("loading the sample catalog")
            job = self._sample.load(local_url, administrator, self._environment)
            supervisor.run_while(lambda: job.running)
            job.finish()
        self._sample.settle()
        self._progress.step("the shop is open")
        print(self._banner(administrator, local_url), flush=True)
        administrator.mark_as_shown()

    def _banner(self, administrator: Administrator, local_url: str) -> str:
        url, data = self._settings.url, self._settings.data_dir
        works = password_works(self._layout.socket("auth"), administrator)
        product_id = self._sample.find_product()
        commands = curl_lines(local_url, administrator, works=works, product_id=product_id)
        password = shown_password(administrator, works=works)
        mails = shown_mails(self._environment, self._layout.data.mail)
        return banner(url, local_url, data, password, mails, commands, email=administrator.email)
