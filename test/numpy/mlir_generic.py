#===- mlir_generic.py - Reader of MLIR's generic form ---------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Parses the text that --mlir-print-op-generic prints, of any dialect, into the
# objects of mlir_ir.py. Independent of MLIR: it stands beside the compiler in tests.
#
#===----------------------------------------------------------------------===#
import re

from mlir_attributes import NAME, AttributeParser
from mlir_ir import UNIT, Block, Operation, Region, Value
from mlir_text import BARE, STRING

LABEL = re.compile(r"\^[\w.$-]+")
COUNT = re.compile(r"\d+")


class Parser(AttributeParser):
    def __init__(self, text):
        super().__init__(text)
        self.scopes = [{}]

    def module(self):
        """The whole file; returns its one top-level operation."""
        while True:
            if self.peek("#") or self.peek("!"):
                sigil = self.text[self.at]
                self.at += 1
                name = self.need(BARE, "an alias")[0]
                self.expect("=")
                read = self.attribute if sigil == "#" else self.type
                if sigil == "#" and self.peek("loc"):
                    self.word("loc")
                    self.location()
                    self.aliases["#" + name] = UNIT
                else:
                    self.aliases[sigil + name] = read()
                continue
            break
        op = self.operation()
        if self.accept("{-#"):
            self.at = self.text.index("#-}", self.at) + 3
        while self.peek("#loc"):
            self.at = (self.text + "\n").index("\n", self.at)
        self.skip()
        if self.at < len(self.text):
            self.fail("expected the end of the file")
        return op

    def value_use(self):
        self.expect("%")
        name = self.need(NAME, "a value's name")[0]
        number = 0
        if self.text.startswith("#", self.at):
            self.at += 1
            number = int(self.need(COUNT, "a number")[0])
        for scope in reversed(self.scopes):
            if (name, number) in scope:
                return scope[name, number]
        self.fail(f"use of undefined value '%{name}'")

    def operation(self):
        self.skip()
        line = self.text.count("\n", 0, self.at) + 1
        names = []
        if self.peek("%"):

            def result():
                self.expect("%")
                name = self.need(NAME, "a value's name")[0]
                count = 1
                if self.accept(":"):
                    count = int(self.need(COUNT, "a count")[0])
                return [(name, i) for i in range(count)]

            names += result()
            while self.accept(","):
                names += result()
            self.expect("=")
        name = self.need(STRING, "an operation in generic form")[1]
        self.expect("(")
        operands = self.list(self.value_use, ")")
        successors = []
        if self.accept("["):
            successors = self.list(lambda: self.need(LABEL, "a block")[0], "]")
        attrs = {}
        if self.accept("<{"):
            self.at -= 1
            attrs.update(self.dictionary())
            self.expect(">")
        regions = []
        if self.accept("("):
            regions = self.list(self.region, ")")
        if self.peek("{") and not self.peek("{-#"):
            attrs.update(self.dictionary())
        self.expect(":")
        type = self.function_type()
        if self.word("loc"):
            self.location()
        if len(type.inputs) != len(operands) or len(type.results) != len(names):
            # Results may stay unnamed where nothing uses them.
            if names or len(type.inputs) != len(operands):
                self.fail(f"'{name}' has a type of another number of values")
            names = [(f"_{self.at}", i) for i in range(len(type.results))]
        for operand, expected in zip(operands, type.inputs):
            if operand.type != expected:
                self.fail(f"'{name}' takes a {expected} but '%{operand.name}' is a {operand.type}")
        results = [Value(f"{n}#{i}" if i else n, t) for (n, i), t in zip(names, type.results)]
        for key, value in zip(names, results):
            self.scopes[-1][key] = value
        return Operation(name, operands, results, attrs, regions, successors, line)

    def region(self):
        self.expect("{")
        self.scopes.append({})
        blocks = []
        if not self.peek("^") and not self.peek("}"):
            blocks.append(Block("", []))
            self.body(blocks[-1])
        while self.peek("^"):
            label = self.need(LABEL, "a label")[0]
            args = []
            if self.accept("("):
                args = self.list(self.block_argument, ")")
            self.expect(":")
            blocks.append(Block(label, args))
            self.body(blocks[-1])
        self.expect("}")
        self.scopes.pop()
        return Region(blocks)

    def block_argument(self):
        self.expect("%")
        name = self.need(NAME, "a value's name")[0]
        self.expect(":")
        value = Value(name, self.type())
        if self.word("loc"):
            self.location()
        self.scopes[-1][name, 0] = value
        return value

    def body(self, block):
        while not self.peek("^") and not self.peek("}"):
            block.ops.append(self.operation())


def parse(text):
    """The top-level operation of a file in generic form."""
    return Parser(text).module()
