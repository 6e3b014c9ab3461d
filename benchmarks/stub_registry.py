"""A registry that lists T tags for any image repository, in a process of its own: `python -m benchmarks.stub_registry T`.

docker-registry would need a folder for each of two million tags.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.world import version


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    tags: str = "[]"

    def do_GET(self) -> None:
        name = self.path.removeprefix("/v2/").partition("/tags/list")[0]
        body = f'{{"name": "{name}", "tags": {self.tags}}}'.encode()
        self.send_response_only(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


def main() -> None:
    Handler.tags = json.dumps([version(number) for number in range(int(sys.argv[1]))])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
