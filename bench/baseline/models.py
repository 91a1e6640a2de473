"""Tables, and SQLite as it should be set."""

from datetime import datetime

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class User(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]


class Product(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(index=True)
    description: Mapped[str]
    price: Mapped[int]
    stock: Mapped[int]


class CartItem(db.Model):
    user_id: Mapped[int] = mapped_column(db.ForeignKey("user.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(db.ForeignKey("product.id"), primary_key=True)
    quantity: Mapped[int]
    product: Mapped[Product] = relationship()


class Order(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(db.ForeignKey("user.id"), index=True)
    placed_at: Mapped[datetime]
    total: Mapped[int]
    items: Mapped[list["OrderItem"]] = relationship()


class OrderItem(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(db.ForeignKey("order.id"), index=True)
    product_id: Mapped[int] = mapped_column(db.ForeignKey("product.id"))
    name: Mapped[str]
    quantity: Mapped[int]
    unit_price: Mapped[int]


@event.listens_for(Engine, "connect")
def configure_sqlite(connection, _record):
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")
