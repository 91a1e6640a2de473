import httpx2


def test_everything_answers(shop_url: str) -> None:
    answer = httpx2.get(f"{shop_url}/api/health", timeout=10)
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


def test_the_reference_and_its_document_are_served(shop_url: str) -> None:
    page = httpx2.get(f"{shop_url}/docs", timeout=10, follow_redirects=True)
    assert page.headers["content-type"].startswith("text/html")
    assert httpx2.get(f"{shop_url}/api/openapi.json", timeout=10).json()["openapi"] == "3.1.0"
