#===- language_client.py - What an editor asks of a language server ------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Opens files in a language server over standard input and output, each message with
# its Content-Length, and prints what comes back with lines and columns as people
# count them, from 1.
#
#===----------------------------------------------------------------------===#
"""usage: language_client.py SERVER (FILE | FILE:TEXT)...

FILE prints the diagnostics of that file. FILE:TEXT, of a file that is open, also
asks for what an editor shows over the last character of the first TEXT in it, and
where that is defined."""
import json
import subprocess
import sys
import urllib.parse


class Server:
    def __init__(self, command):
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.requests = 0

    def send(self, method, params, **more):
        message = {"jsonrpc": "2.0", "method": method, "params": params, **more}
        body = json.dumps(message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def receive(self):
        length = None
        while (line := self.process.stdout.readline()).strip():
            name, value = line.split(b":")
            if name == b"Content-Length":
                length = int(value)
        if length is None:
            sys.exit("the server has ended")
        return json.loads(self.process.stdout.read(length))

    def request(self, method, params):
        self.requests += 1
        self.send(method, params, id=self.requests)
        while (answer := self.receive()).get("id") != self.requests:
            pass
        return answer["result"]

    def published(self, uri):
        while True:
            message = self.receive()
            if message.get("method") == "textDocument/publishDiagnostics":
                if message["params"]["uri"] == uri:
                    return message["params"]["diagnostics"]


def at(place):
    start = place["range"]["start"]
    return f"{start['line'] + 1}:{start['character'] + 1}"


def main():
    server = Server([sys.argv[1]])
    about = {"processId": None, "rootUri": None, "capabilities": {}}
    able = server.request("initialize", about)["capabilities"]
    print("hover:", able["hoverProvider"], "definition:", able["definitionProvider"])
    server.send("initialized", {})
    texts = {}
    for argument in sys.argv[2:]:
        path, _, wanted = argument.partition(":")
        uri = "file://" + urllib.parse.quote(path)
        if path not in texts:
            with open(path, encoding="utf-8") as file:
                texts[path] = file.read()
            document = {"uri": uri, "languageId": "mlir", "version": 1}
            document["text"] = texts[path]
            server.send("textDocument/didOpen", {"textDocument": document})
            found = server.published(uri)
            print(f"opened, {len(found)} diagnostics")
            for each in found:
                print(f"{at(each)}: {each['message']}")
                for note in each.get("relatedInformation", []):
                    print(f"{at(note['location'])}: note: {note['message']}")
        if wanted:
            before = texts[path][: texts[path].index(wanted) + len(wanted) - 1]
            position = {"line": before.count("\n")}
            position["character"] = len(before) - (before.rfind("\n") + 1)
            query = {"textDocument": {"uri": uri}, "position": position}
            hover = server.request("textDocument/hover", query)
            print(f"over '{wanted}':", hover["contents"]["value"] if hover else None)
            for place in server.request("textDocument/definition", query):
                print("defined at", at(place))
    server.request("shutdown", None)
    server.send("exit", None)
    server.process.stdin.close()
    sys.exit(server.process.wait())


if __name__ == "__main__":
    main()
