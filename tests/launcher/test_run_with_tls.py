"""The real shop with a certificate, started as a person does."""

import re
import ssl
from pathlib import Path

import httpx2

from tests.gateway.certificates import make_certificate
from tests.launched_shop import launched_shop, start


def test_with_a_certificate_it_speaks_https_and_its_own_programs_reach_it(tmp_path: Path) -> None:
    files = make_certificate(tmp_path / "tls", "shop.example")
    with launched_shop(tmp_path / "var", files.variables) as shop:
        text, port = shop.text(), int(shop.url.rpartition(":")[2])
        assert f"Shop:          https://shop.example:{port}\n" in text
        (local,) = re.findall(r"From here: +(http://127\.0\.0\.1:\d+)\n", text)
        products = httpx2.get(f"{local}/api/products?count=true&group=expand", trust_env=False)
        assert products.json()["total"] > 50, "the sample is loaded through it"
        context = ssl.create_default_context(cafile=str(files.certificate))
        with httpx2.Client(verify=context, trust_env=False) as client:
            answer = client.get(
                f"https://127.0.0.1:{port}/api/health",
                headers={"Host": "shop.example"},
                extensions={"sni_hostname": "shop.example"},
            )
        assert answer.json()["status"] == "ok"


def test_a18_a_bad_certificate_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    shop = start(tmp_path / "var", {"TLS_CERTIFICATE": "none.pem", "TLS_KEY": "none.pem"})
    assert shop.process.wait(30) == 1
    (line,) = shop.text().splitlines()
    assert line.startswith("shop: TLS_CERTIFICATE ")
    assert line.endswith("none.pem cannot be read: No such file or directory")
    assert not shop.data.exists()
