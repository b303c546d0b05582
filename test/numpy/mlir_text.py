#===- mlir_text.py - Characters and tokens of MLIR ------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# The lowest layer of the reader of MLIR's generic form: a position in a text, what
# stands there, and messages that say where.
#
#===----------------------------------------------------------------------===#
import re

SPACE = re.compile(r"(?:\s+|//[^\n]*)*")
BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_$.]*")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.S)


class ParseError(Exception):
    pass


class Text:
    def __init__(self, text):
        self.text = text
        self.at = 0

    def fail(self, message):
        line = self.text.count("\n", 0, self.at) + 1
        column = self.at - (self.text.rfind("\n", 0, self.at) + 1) + 1
        here = self.text[self.at : self.at + 40].split("\n")[0]
        raise ParseError(f"{line}:{column}: {message} before '{here}'")

    def skip(self):
        self.at = SPACE.match(self.text, self.at).end()

    def peek(self, token):
        self.skip()
        return self.text.startswith(token, self.at)

    def accept(self, token):
        if not self.peek(token):
            return False
        self.at += len(token)
        return True

    def expect(self, token):
        if not self.accept(token):
            self.fail(f"expected '{token}'")

    def match(self, pattern):
        self.skip()
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def need(self, pattern, what):
        found = self.match(pattern)
        if not found:
            self.fail(f"expected {what}")
        return found

    def word(self, word):
        """Accepts a whole keyword."""
        self.skip()
        found = BARE.match(self.text, self.at)
        if found and found[0] == word:
            self.at = found.end()
            return True
        return False

    def list(self, item, close, separator=","):
        items = []
        if not self.accept(close):
            items.append(item())
            while self.accept(separator):
                items.append(item())
            self.expect(close)
        return items

    def balanced(self):
        """Text up to the `>` that closes an already opened `<`."""
        start, depth = self.at, [">"]
        pairs = {"<": ">", "(": ")", "[": "]", "{": "}"}
        while depth:
            c = self.text[self.at : self.at + 1]
            if not c:
                self.fail("unclosed '<'")
            if c == '"':
                self.need(STRING, "a string")
                continue
            if self.text.startswith("->", self.at):
                self.at += 2
                continue
            if c in pairs:
                depth.append(pairs[c])
            elif c == depth[-1]:
                depth.pop()
            self.at += 1
        return self.text[start : self.at - 1].strip()
