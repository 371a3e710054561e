# SPDX-License-Identifier: Apache-2.0
# python-httpx. It does not look at a kept connection before it uses it again, and takes a PING after a GOAWAY for an error: the one request
# that it sends after the GOAWAY it gives up, whatever the server does.
import asyncio
import ssl
import sys

import h2
import httpx

base, ca, askers = sys.argv[1:]


def check(what, holds):
    if not holds:
        raise RuntimeError(what)


async def main():
    context = ssl.create_default_context(cafile=ca)
    async with httpx.AsyncClient(http2=True, verify=context, base_url=base, timeout=30) as client:
        many = await asyncio.gather(*(client.get("/nap") for _ in range(60)))
        check("60 at once", all(r.status_code == 200 and r.text == "rested" and r.http_version == "HTTP/2" for r in many))
        million = b"weft " * 200_000
        check("echo", (await client.post("/echo", content=million)).content == million)
        check("large", len((await client.get("/big?n=5000000")).content) == 5_000_000)
        check("early", (await client.post("/ignore", content=million)).text == "no need")

        print("load", flush=True)
        answered = 0
        given_up = []

        async def ask_on():
            nonlocal answered
            while True:
                try:
                    response = await client.get("/nap")
                except httpx.ConnectError:
                    return
                except (httpx.LocalProtocolError, httpx.RemoteProtocolError) as error:
                    given_up.append(error)
                    check(f"one given up, and not {given_up}", len(given_up) <= int(askers))
                    continue
                check("status", response.status_code == 200)
                answered += 1
                await asyncio.sleep(0.005)

        await asyncio.gather(*(ask_on() for _ in range(int(askers))))
        print(f"httpx {httpx.__version__}, h2 {h2.__version__}: {len(given_up)} given up by itself, {answered} answered")


asyncio.run(main())
