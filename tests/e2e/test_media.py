"""An image on its way: uploaded by staff, named in a product, seen by everybody."""

import io

import httpx2
from PIL import Image

from tests.conftest import Admin


def picture() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((1600, 1000), 60).convert("RGB").save(file, "PNG")
    return file.getvalue()


def test_an_uploaded_image_is_shown_with_its_product(shop_url: str, admin: Admin) -> None:
    with httpx2.Client(base_url=shop_url, timeout=120, trust_env=False) as http:
        account = {"email": admin.email, "password": admin.password}
        token = http.post("/api/auth/login", json=account).json()["access_token"]
        staff = {"Authorization": f"Bearer {token}"}
        sent = picture()
        assert len(sent) > 1_000_000
        headers = {**staff, "Content-Type": "image/png"}
        answer = http.post("/api/media", content=sent, headers=headers)
        assert answer.status_code == 201, answer.text
        image = {"url": answer.json()["url"], "alt": "Noise"}
        price = {"amount": 100, "currency": "USD"}
        body = {"sku": "WITH-IMAGE", "name": "Seen", "price": price, "images": [image]}
        made = http.post("/api/products", json=body, headers=staff)
        assert made.status_code == 201, made.text
        (shown,) = http.get(made.headers["location"]).json()["images"]
        assert shown == {**image, "thumbnails": answer.json()["thumbnails"]}
        for url, width in ((shown["url"], 1600), (shown["thumbnails"]["small"], 200)):
            got = http.get(url)
            assert (got.status_code, got.headers["cache-control"]) == (
                200,
                "public, max-age=31536000, immutable",
            )
            assert Image.open(io.BytesIO(got.content)).width == width
        refused = http.post("/api/media", content=sent, headers={"Content-Type": "image/png"})
        assert refused.status_code == 401
