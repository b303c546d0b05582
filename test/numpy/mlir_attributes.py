#===- mlir_attributes.py - Types and attributes of MLIR's text ------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Reads types, attributes and affine maps of any dialect; what only a dialect knows
# stays text.
#
#===----------------------------------------------------------------------===#
import re
import struct

import numpy as np

from mlir_ir import (
    UNIT,
    AffineMap,
    Dense,
    Float,
    Function,
    Integer,
    Opaque,
    Scalar,
    Shaped,
    Symbol,
)
from mlir_text import BARE, STRING, ParseError, Text

NAME = re.compile(r"[A-Za-z0-9_$.\-]+")
NUMBER = re.compile(r"-?(?:0x[0-9A-Fa-f]+|\d+(?:\.\d*(?:[eE][+-]?\d+)?)?)")
SCALAR = re.compile(r"(?:[su]?i\d+|bf16|tf32|f\d+(?:E\d+M\d+\w*)?|index|none)\b")
NUMPY = {"f16": "<f2", "f32": "<f4", "f64": "<f8", "i1": "?", "index": "<i8"}


def numpy_dtype(element):
    """The NumPy type of a Scalar."""
    name = str(element)
    if name in NUMPY:
        return np.dtype(NUMPY[name])
    match = re.fullmatch(r"(s|u)?i(\d+)", name)
    if match and int(match[2]) in (8, 16, 32, 64):
        return np.dtype(f"<{'u' if match[1] == 'u' else 'i'}{int(match[2]) // 8}")
    raise ParseError(f"no NumPy type for '{name}'")


def unescape(text):
    def one(match):
        c = match[1]
        return {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}.get(c) or chr(int(c, 16))

    return re.sub(r'\\([0-9A-Fa-f]{2}|[nt"\\])', one, text)


class AttributeParser(Text):
    def __init__(self, text):
        super().__init__(text)
        self.aliases = {}

    # Types.

    def type(self):
        self.skip()
        if self.accept("!"):
            return self.dialect_or_alias("!")
        if self.peek("("):
            return self.function_type()
        found = self.match(SCALAR)
        if found:
            return Scalar(found[0])
        for kind in ("tensor", "vector", "memref", "tuple"):
            if self.word(kind):
                self.expect("<")
                if kind == "tuple":
                    return ("tuple", tuple(self.list(self.type, ">")))
                return self.shaped(kind)
        self.fail("expected a type")

    def shaped(self, kind):
        shape = []
        if self.accept("*"):
            self.expect("x")
            shape = None
        else:
            while True:
                found = self.match(re.compile(r"(\?|\d+)\s*x|\[(\d+)\]\s*x?"))
                if not found:
                    break
                size = found[1] or found[2]
                shape.append(None if size == "?" else int(size))
        element = self.type()
        extra = None
        if self.accept(","):
            extra = self.balanced()
        else:
            self.expect(">")
        return Shaped(kind, None if shape is None else tuple(shape), element, extra)

    def function_type(self):
        self.expect("(")
        inputs = self.list(self.type, ")")
        self.expect("->")
        if self.accept("("):
            results = self.list(self.type, ")")
        else:
            results = [self.type()]
        return Function(tuple(inputs), tuple(results))

    def dialect_or_alias(self, sigil):
        name = self.need(BARE, "a name")[0]
        # `#dialect.name<body>`, `#dialect<name body>` or an alias.
        if "." not in name and not self.text.startswith("<", self.at):
            if sigil + name not in self.aliases:
                self.fail(f"unknown alias '{sigil}{name}'")
            return self.aliases[sigil + name]
        body = None
        if self.text.startswith("<", self.at):
            self.at += 1
            body = self.balanced()
        if "." in name:
            dialect, name = name.split(".", 1)
        else:
            dialect, (name, _, body) = name, body.partition("<")
            body = body[:-1] if body else None
        return Opaque(sigil, dialect, name, body)

    # Attributes.

    def attribute(self):
        self.skip()
        c = self.text[self.at : self.at + 1]
        if c == '"':
            text = unescape(self.need(STRING, "a string")[1])
            if self.accept(":"):
                self.type()
            return text
        if c == "@":
            return self.symbol()
        if c == "[":
            self.at += 1
            return self.list(self.attribute, "]")
        if c == "{":
            return self.dictionary()
        if c == "#":
            self.at += 1
            return self.dialect_or_alias("#")
        if c == "-" or c.isdigit():
            return self.number()
        for word, value in (("true", True), ("false", False), ("unit", UNIT)):
            if self.word(word):
                return value
        if self.word("affine_map"):
            self.expect("<")
            result = self.affine_map()
            self.expect(">")
            return result
        if self.word("affine_set"):
            self.expect("<")
            return Opaque("#", "builtin", "affine_set", self.balanced())
        if self.word("dense"):
            return self.dense()
        if self.word("array"):
            return self.array()
        if self.word("loc"):
            self.location()
            return UNIT
        return self.type()

    def symbol(self):
        path = []
        while True:
            self.expect("@")
            if self.text.startswith('"', self.at):
                path.append(unescape(self.need(STRING, "a name")[1]))
            else:
                path.append(self.need(NAME, "a symbol")[0])
            if not self.text.startswith("::", self.at):
                return Symbol(tuple(path))
            self.at += 2

    def dictionary(self):
        self.expect("{")

        def entry():
            if self.peek('"'):
                key = unescape(self.need(STRING, "a name")[1])
            else:
                key = self.need(BARE, "an attribute's name")[0]
            return key, self.attribute() if self.accept("=") else UNIT

        return dict(self.list(entry, "}"))

    def literal(self, element):
        """One number of a known type (None: by its form)."""
        if self.word("true"):
            return True
        if self.word("false"):
            return False
        text = self.need(NUMBER, "a number")[0]
        is_float = element is not None and re.match(r"b?f\d|tf", str(element))
        if "0x" in text:
            bits = int(text, 16)
            if not is_float:
                return bits
            form = {"f16": ("<H", "<e"), "f32": ("<I", "<f"), "f64": ("<Q", "<d")}
            code = form[str(element)]
            return struct.unpack(code[1], struct.pack(code[0], bits))[0]
        if is_float or "." in text:
            return float(text)
        return int(text)

    def number(self):
        # The type stands behind the number and decides how hex digits read.
        found = NUMBER.match(self.text, self.at)
        start, self.at = self.at, found.end()
        type = self.type() if self.accept(":") else None
        end, self.at = self.at, start
        value = self.literal(type)
        self.at = end
        if isinstance(value, float):
            return Float(value, type or Scalar("f64"))
        return Integer(value, type or Scalar("i64"))

    def dense(self):
        self.expect("<")
        start = self.at
        self.balanced()
        self.expect(":")
        type = self.type()
        end, self.at = self.at, start
        dtype, shape = numpy_dtype(type.element), type.shape

        def nested():
            if self.accept("["):
                return self.list(nested, "]")
            return self.literal(type.element)

        if self.accept(">"):
            values = np.zeros(shape, dtype)
        elif self.peek('"'):
            raw = bytes.fromhex(self.need(STRING, "data")[1][2:])
            values = np.frombuffer(raw, dtype)
            values = values.reshape(shape) if values.size > 1 else np.full(shape, values)
        elif self.peek("["):
            values = np.array(nested(), dtype).reshape(shape)
        else:
            values = np.full(shape, self.literal(type.element), dtype)
        self.at = end
        return Dense(values, type)

    def array(self):
        self.expect("<")
        element = self.type()
        if self.accept(">"):
            return []
        self.expect(":")
        return self.list(lambda: self.literal(element), ">")

    def location(self):
        self.expect("(")
        depth = 1
        while depth:
            if self.peek('"'):
                self.need(STRING, "a string")
                continue
            c = self.text[self.at : self.at + 1]
            if not c:
                self.fail("unclosed location")
            depth += {"(": 1, ")": -1}.get(c, 0)
            self.at += 1

    def affine_map(self):
        names = {}
        for kind, opening, closing in (("d", "(", ")"), ("s", "[", "]")):
            count = 0
            if self.accept(opening):
                for name in self.list(lambda: self.need(BARE, "a name")[0], closing):
                    names[name] = (kind, count)
                    count += 1
            if kind == "d":
                dims = count
        self.expect("->")
        self.expect("(")

        def factor():
            if self.accept("("):
                inner = sum_()
                self.expect(")")
                return inner
            if self.accept("-"):
                return ("*", ("const", -1), factor())
            found = self.match(re.compile(r"\d+"))
            if found:
                return ("const", int(found[0]))
            name = self.need(BARE, "a dimension")[0]
            if name not in names:
                self.fail(f"unknown dimension '{name}'")
            return names[name]

        def product():
            left = factor()
            while True:
                if self.accept("*"):
                    left = ("*", left, factor())
                    continue
                for word in ("mod", "floordiv", "ceildiv"):
                    if self.word(word):
                        left = (word, left, factor())
                        break
                else:
                    return left

        def sum_():
            left = product()
            while True:
                if self.accept("+"):
                    left = ("+", left, product())
                elif not self.peek("->") and self.accept("-"):
                    left = ("-", left, product())
                else:
                    return left

        results = tuple(self.list(sum_, ")"))
        return AffineMap(dims, len(names) - dims, results)
