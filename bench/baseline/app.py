"""The same API as a plain Flask application, written as the documentation of Flask,
Flask-SQLAlchemy, Flask-JWT-Extended and gunicorn teaches. README.md says what it does not do."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import Flask, abort, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt_identity,
    jwt_required,
)
from models import CartItem, Order, OrderItem, Product, User, db
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import HTTPException
from werkzeug.security import check_password_hash, generate_password_hash

CURRENCY = "USD"

app = Flask(__name__)
app.config.update(
    SQLALCHEMY_DATABASE_URI=f"sqlite:///{os.environ['BASELINE_DATABASE']}",
    JWT_SECRET_KEY=os.environ["BASELINE_SECRET"],
)
db.init_app(app)
JWTManager(app)


def money(amount):
    return {"amount": amount, "currency": CURRENCY}


def product_json(product):
    return {
        "id": product.id,
        "sku": product.sku,
        "name": product.name,
        "description": product.description,
        "price": money(product.price),
        "stock": {"available": product.stock},
    }


def cart_items(user_id):
    items = select(CartItem).filter_by(user_id=user_id).options(joinedload(CartItem.product))
    return db.session.scalars(items).all()


def cart_json(user_id):
    items = cart_items(user_id)
    lines = [
        {
            "product_id": item.product_id,
            "sku": item.product.sku,
            "name": item.product.name,
            "quantity": item.quantity,
            "unit_price": money(item.product.price),
            "line_total": money(item.product.price * item.quantity),
        }
        for item in items
    ]
    total = sum(line["line_total"]["amount"] for line in lines)
    return {"items": lines, "total": money(total)}


def order_json(order):
    return {
        "id": order.id,
        "status": "confirmed",
        "placed_at": order.placed_at.isoformat(),
        "items": [
            {
                "product_id": item.product_id,
                "name": item.name,
                "quantity": item.quantity,
                "unit_price": money(item.unit_price),
            }
            for item in order.items
        ],
        "total": money(order.total),
    }


@app.errorhandler(HTTPException)
def tell_error(error):
    return jsonify(error=error.description), error.code


@app.post("/api/auth/register")
def register():
    given = request.get_json()
    hashed = generate_password_hash(given["password"])
    user = User(email=given["email"].lower(), password_hash=hashed)
    db.session.add(user)
    try:
        db.session.commit()
    except IntegrityError:
        abort(409, "email_taken")
    return jsonify(id=user.id, email=user.email), 201


@app.post("/api/auth/login")
def login():
    given = request.get_json()
    user = db.session.scalar(select(User).filter_by(email=given["email"].lower()))
    if user is None or not check_password_hash(user.password_hash, given["password"]):
        abort(401, "invalid_credentials")
    identity = str(user.id)
    return jsonify(
        access_token=create_access_token(identity), refresh_token=create_refresh_token(identity)
    )


@app.get("/api/products")
def list_products():
    query = select(Product).limit(request.args.get("limit", 20, int))
    for word in request.args.get("q", "").split():
        query = query.where((Product.name + " " + Product.description).icontains(word))
    if "in_stock" in request.args:
        query = query.where(Product.stock > 0)
    if request.args.get("sort") == "price":
        query = query.order_by(Product.price, Product.id)
    else:
        query = query.order_by(Product.id.desc())
    return jsonify(items=[product_json(product) for product in db.session.scalars(query)])


@app.get("/api/products/<int:product_id>")
def get_product(product_id):
    return jsonify(product_json(db.get_or_404(Product, product_id)))


@app.get("/api/cart")
@jwt_required()
def get_cart():
    return jsonify(cart_json(int(get_jwt_identity())))


@app.post("/api/cart")
@jwt_required()
def add_to_cart():
    given, user_id = request.get_json(), int(get_jwt_identity())
    product = db.get_or_404(Product, given["product_id"])
    item = db.session.get(CartItem, (user_id, product.id))
    if item is None:
        item = CartItem(user_id=user_id, product_id=product.id, quantity=0)
        db.session.add(item)
    item.quantity += given.get("quantity", 1)
    if item.quantity > product.stock:
        abort(409, "insufficient_stock")
    db.session.commit()
    return jsonify(cart_json(user_id)), 201


@app.post("/api/orders")
@jwt_required()
def check_out():
    user_id = int(get_jwt_identity())
    items = cart_items(user_id)
    if not items:
        abort(409, "cart_empty")
    order = Order(user_id=user_id, placed_at=datetime.now(UTC), total=0)
    for item in items:
        taken = db.session.execute(
            db.update(Product)
            .where(Product.id == item.product_id, Product.stock >= item.quantity)
            .values(stock=Product.stock - item.quantity)
            .execution_options(synchronize_session=False)
        )
        if taken.rowcount == 0:
            db.session.rollback()
            abort(409, "insufficient_stock")
        order.total += item.product.price * item.quantity
        order.items.append(
            OrderItem(
                product_id=item.product_id,
                name=item.product.name,
                quantity=item.quantity,
                unit_price=item.product.price,
            )
        )
        db.session.delete(item)
    db.session.add(order)
    db.session.commit()
    return jsonify(order_json(order)), 201


@app.cli.command("fill")
@click.argument("file", type=click.Path(path_type=Path))
def fill(file):
    """Make the tables, and products of a JSON file."""
    db.create_all()
    db.session.execute(db.insert(Product), json.loads(file.read_text()))
    db.session.commit()
