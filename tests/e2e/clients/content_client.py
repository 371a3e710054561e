# SPDX-License-Identifier: Apache-2.0
#
# Python's requests with uploads, ranges and cookies: content_client.py http://HOST:PORT. Prints "ok", or "no requests" without that module.
import email
import io
import os
import sys

try:
    import requests
except ImportError:
    print("no requests")
    sys.exit(0)

base = sys.argv[1]
session = requests.Session()
session.trust_env = False


def uploads():
    large = os.urandom(3_000_000)
    note = 'grün & "blau"'
    files = {"a": ("large.bin", large), "b": ("empty", b"")}
    response = session.post(base + "/upload", data={"note": note}, files=files)
    assert response.status_code == 200, response.text
    assert response.json() == [
        {"name": "note", "file_name": "", "size": len(note.encode()), "sum": sum(note.encode())},
        {"name": "a", "file_name": "large.bin", "size": len(large), "sum": sum(large)},
        {"name": "b", "file_name": "empty", "size": 0, "sum": 0},
    ], response.text
    # With a length, from a file, and without one, in chunks.
    pieces = [large[i : i + 70_000] for i in range(0, len(large), 70_000)]
    for body in (io.BytesIO(large), iter(pieces)):
        response = session.put(base + "/save", data=body)
        assert response.status_code == 201, response.text
        assert response.json() == {"size": len(large), "sum": sum(large)}, response.text


def part(byte_range, **fields):
    fields = {name.replace("_", "-"): value for name, value in fields.items()}
    return session.get(base + "/files/numbers.txt", headers={"Range": byte_range, **fields})


def ranges():
    whole = session.get(base + "/files/numbers.txt")
    text, tag = whole.text, whole.headers["ETag"]
    first = part("bytes=0-9")
    assert (first.status_code, first.text) == (206, text[:10])
    assert first.headers["Content-Range"] == f"bytes 0-9/{len(text)}"
    assert part("bytes=-7").text == text[-7:]
    assert part(f"bytes={len(text) - 3}-").text == text[-3:]
    assert part(f"bytes={len(text)}-").status_code == 416
    assert part("bytes=5-9", If_Range=tag).text == text[5:10]
    assert part("bytes=5-9", If_Range=whole.headers["Last-Modified"]).text == text[5:10]
    assert part("bytes=5-9", If_Range='"other"').text == text
    assert part("bytes=5-9", If_None_Match=tag).status_code == 304
    assert part("bytes=5-9", If_Match='"other"').status_code == 412

    # A download that goes on where it stopped.
    got = b""
    while len(got) < len(text):
        with session.get(base + "/files/numbers.txt", headers={"Range": f"bytes={len(got)}-", "If-Range": tag}, stream=True) as response:
            assert response.status_code == 206
            got += response.raw.read(20_000)
    assert got.decode() == text

    several = part("bytes=0-4,100-104,-5")
    message = email.message_from_bytes(b"Content-Type: " + several.headers["Content-Type"].encode() + b"\r\n\r\n" + several.content)
    assert [p.get_payload() for p in message.get_payload()] == [text[:5], text[100:105], text[-5:]]
    assert message.get_payload()[1]["Content-Range"] == f"bytes 100-104/{len(text)}"


def cookies():
    assert [session.get(base + "/visit").text for _ in range(3)] == ["i", "ii", "iii"]
    assert {c.name: c.value for c in session.cookies} == {"visits": "iii", "theme": "dark"}


uploads()
ranges()
cookies()
print("ok")
