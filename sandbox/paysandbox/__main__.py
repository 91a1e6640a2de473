"""`shop-sandbox`."""

from shopkit.program import run


def main() -> None:
    run("paysandbox.main")


if __name__ == "__main__":
    main()
