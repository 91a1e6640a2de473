"""`shop-orders`."""

from shopkit.program import run


def main() -> None:
    run("orders.main")


if __name__ == "__main__":
    main()
