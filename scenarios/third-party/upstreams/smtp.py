"""A mail server that delivers to nobody: each mail becomes a line of JSON in a file. See smtp.sh."""

import asyncio
import email
import json
import sys
from email import policy

from aiosmtpd.smtp import SMTP, AuthResult

port, mailbox = int(sys.argv[1]), sys.argv[2]


class Keep:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=policy.default)
        body = mail.get_body(preferencelist=("plain", "html"))
        line = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "id": mail["message-id"],
            "subject": mail["subject"],
            "body": body.get_content().strip() if body is not None else "",
        }
        with open(mailbox, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        # Once it says this, the mail is its own.
        return "250 OK"


def anybody(server, session, envelope, mechanism, login):
    return AuthResult(success=True)


def speak():
    return SMTP(Keep(), hostname="localhost", authenticator=anybody, auth_require_tls=False)


async def main():
    open(mailbox, "w", encoding="utf-8").close()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(speak, "127.0.0.1", port)
    await server.serve_forever()


asyncio.run(main())
