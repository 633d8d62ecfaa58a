"""Serves the bare repositories of a directory over HTTP with `git http-backend`.

Usage: git-http-server.py ROOT. Prints the port and serves until it is killed.
/hang/... accepts requests and never answers, /slow/... stops in the middle of an answer,
/drip/... sends a byte now and then, /half/... stops in the middle of a pack, /torn/... hangs up
there, /endless/... names references without end, /chatter/... sends words in place of a pack
without end, /moved/... redirects, /away/PORT/... redirects to another port, /file/... to a file,
/loop/... to itself, /closed/... wants credentials, /page/... answers with HTML, /broken/... fails
with 503, /secret/... wants EXPECTED_AUTHORIZATION, /counts tells how many requests there were.
While there is a file ROOT/hangs, nothing is answered at all.
"""

import gzip
import http.server
import itertools
import os
import subprocess
import sys
import threading
import time

ROOT = os.path.abspath(sys.argv[1])
requests = 0


class Handler(http.server.BaseHTTPRequestHandler):
    fault = None

    def log_message(self, *arguments):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            data = b""
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                data += self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    break
        else:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
        return data

    def plain(self, status, text, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def advertise(self, lines, pause=0):
        """Answers with references, or parts of them, until nobody listens any more."""
        self.plain(200, b"001e# service=git-upload-pack\n0000", **{
            "Content-Type": "application/x-git-upload-pack-advertisement"})
        try:
            for line in lines:
                self.wfile.write(line)
                time.sleep(pause)
        except OSError:
            pass

    def faulty(self):
        """True if the request was answered here; otherwise the path is the repository's."""
        while os.path.exists(os.path.join(ROOT, "hangs")):
            time.sleep(0.05)
        first = self.path.split("/")[1]
        if first == "counts":
            self.plain(200, str(requests).encode())
        elif first in ("half", "torn", "chatter"):
            self.path = self.path[len(first) + 1:]
            self.fault = first
            return False
        elif first == "drip":
            self.advertise(itertools.chain([b"0fff"], itertools.repeat(b"x")), pause=0.1)
        elif first == "endless":
            names = (b"%040x refs/heads/b%d" % (n + 1, n) for n in itertools.count())
            self.advertise(b"%04x%s\n" % (len(name) + 5, name) for name in names)
        elif first == "loop":
            self.plain(302, b"", Location=self.path)
        elif first == "file":
            self.plain(302, b"", Location="file:///etc/passwd")
        elif first == "away":
            port, rest = self.path.split("/", 3)[2:]
            self.plain(302, b"", Location=f"http://127.0.0.1:{port}/{rest}")
        elif first == "hang":
            time.sleep(30)
        elif first == "slow":
            self.plain(200, b"001e# serv", **{
                "Content-Type": "application/x-git-upload-pack-advertisement"})
            time.sleep(30)
        elif first == "moved":
            self.plain(301, b"", Location="/" + self.path.split("/", 2)[2])
        elif first == "closed":
            self.plain(401, b"", **{"WWW-Authenticate": "Basic realm=x"})
        elif first == "secret":
            if self.headers.get("Authorization") == os.environ["EXPECTED_AUTHORIZATION"]:
                self.path = self.path[len("/secret"):]
                return False
            self.plain(401, b"")
        elif first == "page":
            self.plain(200, b"<html>", **{"Content-Type": "text/html; charset=utf-8"})
        elif first == "broken":
            self.plain(503, b"")
        else:
            return False
        return True

    def serve(self):
        global requests
        if self.faulty():
            return
        requests += 1
        path, _, query = self.path.partition("?")
        environment = dict(
            os.environ, GIT_PROJECT_ROOT=ROOT, GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path,
            QUERY_STRING=query, REQUEST_METHOD=self.command, REMOTE_ADDR="127.0.0.1",
            CONTENT_TYPE=self.headers.get("Content-Type", ""),
            GIT_PROTOCOL=self.headers.get("Git-Protocol", ""))
        backend = subprocess.Popen(
            ["git", "http-backend"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=environment)
        data = self.body()
        threading.Thread(target=self.feed, args=(backend, data), daemon=True).start()
        status, headers = 200, []
        while True:
            line = backend.stdout.readline().strip().decode()
            if not line:
                break
            name, _, value = line.partition(":")
            if name.lower() == "status":
                status = int(value.split()[0])
            else:
                headers.append((name, value.strip()))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command == "POST" and self.fault:
            self.spoil(backend)
        else:
            while chunk := backend.stdout.read1(65536):
                self.wfile.write(chunk)
        backend.wait()

    def spoil(self, backend):
        pack = backend.stdout.read()
        try:
            if self.fault == "chatter":
                self.wfile.write(b"0008NAK\n")
                while True:
                    self.wfile.write(b"%04x\x02%s" % (60005, b"x" * 60000))
            self.wfile.write(pack[:len(pack) // 2])
            if self.fault == "half":
                time.sleep(30)
        except OSError:
            pass

    @staticmethod
    def feed(backend, data):
        try:
            backend.stdin.write(data)
            backend.stdin.close()
        except BrokenPipeError:
            pass

    def do_GET(self):
        self.serve()

    def do_POST(self):
        self.serve()


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
