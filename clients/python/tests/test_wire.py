"""Bytes and frames: sockets, WebSocket, addresses, last words (J-1 to J-5, RFC 6455)."""

import base64
import hashlib
import random
import unittest
from typing import List

from rialto_client import websocket
from rialto_client.endpoint import parse
from rialto_client.framing import FrameDecoder, FrameTooLarge, decode, encode
from rialto_client.websocket import Handshake, MessageDecoder, WebSocketError


class Frames(unittest.TestCase):
    def test_j_2_frames_are_the_same_however_the_bytes_are_cut(self) -> None:
        stream = b"".join(encode("pub", {"cn": "ü", "dt": n}) + b"\0" for n in range(20))
        whole = list(FrameDecoder(100).feed(stream))
        self.assertEqual(len(whole), 20)
        for size in range(1, 40):
            decoder = FrameDecoder(100)
            frames: List[bytes] = []
            for start in range(0, len(stream), size):
                frames += decoder.feed(stream[start : start + size])
            self.assertEqual(frames, whole)

    def test_j_3_empty_frames_are_skipped_and_long_ones_refused(self) -> None:
        self.assertEqual(list(FrameDecoder(4).feed(b"\0\0abcd\0ab")), [b"abcd"])
        for stream in (b"abcde", b"abcde\0", b"ab\0abcde"):
            with self.assertRaises(FrameTooLarge):
                list(FrameDecoder(4).feed(stream))

    def test_k_37_what_is_no_packet(self) -> None:
        for frame in (b"{", b"\xff", b"1", b"[]", b"{}", b'{"a":1}x', b'{"a":{},"b":{}}', b"[" * 100_000, b"", b" ", b" x", b'{"push":null}'):
            self.assertIsNone(decode(frame))
        for frame in (b'{"hbAck":{}}', b' {"hbAck":{}}', b'{"hbAck":{}} \n'):
            self.assertEqual(decode(frame), ("hbAck", {}))

    def test_what_json_does_not_have_is_refused(self) -> None:
        for value in (float("nan"), float("inf"), "\ud800", b"", object()):
            with self.assertRaises((ValueError, TypeError)):
                encode("pub", {"dt": value})


class WebSockets(unittest.TestCase):
    def server_frame(self, opcode: int, body: bytes, is_last: bool = True) -> bytes:
        size = len(body)
        if size < 126:
            head = bytes([size])
        elif size < 65536:
            head = b"\x7e" + size.to_bytes(2, "big")
        else:
            head = b"\x7f" + size.to_bytes(8, "big")
        return bytes([(0x80 if is_last else 0) | opcode]) + head + body

    def test_a_client_frame_is_masked_and_says_its_length(self) -> None:
        for size in (0, 1, 125, 126, 65535, 65536, 100_001):
            body = random.Random(size).randbytes(size)
            frame = websocket.encode(websocket.TEXT, body)
            at = {126: 4, 127: 10}.get(frame[1] & 0x7F, 2)
            self.assertTrue(frame[1] & 0x80)
            length = frame[1] & 0x7F if at == 2 else int.from_bytes(frame[2:at], "big")
            mask = frame[at : at + 4]
            self.assertEqual(length, size)
            self.assertEqual(bytes(byte ^ mask[n % 4] for n, byte in enumerate(frame[at + 4 :])), body)

    def test_messages_are_the_same_however_they_were_cut(self) -> None:
        stream = (
            self.server_frame(1, b"one") + self.server_frame(1, b"tw", False) + self.server_frame(9, b"ping")
            + self.server_frame(0, b"o", True) + self.server_frame(1, b"x" * 300) + self.server_frame(8, b"\x03\xe8bye")
        )
        expected = [(1, b"one"), (9, b"ping"), (1, b"two"), (1, b"x" * 300), (8, b"\x03\xe8bye")]
        for size in range(1, 50):
            decoder = MessageDecoder(1000)
            got = [tuple(it) for start in range(0, len(stream), size) for it in decoder.feed(stream[start : start + size])]
            self.assertEqual(got, expected)
        self.assertEqual(websocket.read_close(b"\x03\xe8bye"), (1000, "bye"))
        self.assertEqual(websocket.read_close(b""), (1005, ""))

    def test_a_server_that_breaks_the_rules_is_told_a_code(self) -> None:
        wrong = {
            b"\x81\x81aaaab": 1002, b"\xc1\x00": 1002, self.server_frame(2, b"x"): 1003, self.server_frame(0, b"x"): 1002,
            self.server_frame(9, b"x", False): 1002, self.server_frame(9, b"x" * 126): 1002, self.server_frame(1, b"x" * 131): 1009,
            self.server_frame(1, b"x" * 70, False) + self.server_frame(0, b"x" * 70): 1009,
            self.server_frame(1, b"x", False) + self.server_frame(1, b"x"): 1002,
        }
        for stream, code in wrong.items():
            with self.assertRaises(WebSocketError) as caught:
                list(MessageDecoder(130).feed(stream))
            self.assertEqual(caught.exception.code, code)

    def test_the_handshake_accepts_only_its_own_answer(self) -> None:
        handshake = Handshake("::1", 8012, "/x?y")
        request = handshake.request.decode()
        self.assertTrue(request.startswith("GET /x?y HTTP/1.1\r\nHost: [::1]:8012\r\n"))
        key = request.split("Sec-WebSocket-Key: ")[1].split("\r\n")[0]
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        answer = f"HTTP/1.1 101 Switching\r\nupgrade: WebSocket\r\nSEC-WEBSOCKET-ACCEPT: {accept}\r\n\r\nrest".encode()
        self.assertIsNone(handshake.feed(answer[:30]))
        self.assertEqual(handshake.feed(answer[30:]), b"rest")
        for head in ("HTTP/1.1 200 OK\r\n", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n", "x" * 20_000):
            with self.assertRaises(WebSocketError):
                Handshake("a", 1, "/").feed(head.encode() + b"\r\n\r\n" if len(head) < 20_000 else head.encode())


class Addresses(unittest.TestCase):
    def test_addresses_have_the_default_ports_of_jmqt(self) -> None:
        self.assertEqual([parse(f"{it}://h").port for it in ("jmqt", "jmqts", "ws", "wss")], [8010, 8011, 8012, 8013])
        self.assertEqual(tuple(parse("wss://[::1]:9/a/b?c=d")), ("wss", "::1", 9, "/a/b?c=d"))
        for wrong in ("localhost", "http://h", "jmqt://", "jmqt://h:x"):
            with self.assertRaises(ValueError):
                parse(wrong)


if __name__ == "__main__":
    unittest.main()
