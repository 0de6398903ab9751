import random
import unittest

from rialto_client.backoff import Backoff
from rialto_client.framing import FrameDecoder, FrameTooLarge, decode, encode


class Framing(unittest.TestCase):
    def test_j_2_frames_are_the_same_however_the_bytes_are_cut(self) -> None:
        stream = b"".join(encode("pub", {"cn": "ü", "dt": n}) + b"\0" for n in range(20))
        whole = FrameDecoder(100).feed(stream)
        self.assertEqual(len(whole), 20)
        for size in range(1, 40):
            decoder, frames = FrameDecoder(100), []
            for start in range(0, len(stream), size):
                frames += decoder.feed(stream[start : start + size])
            self.assertEqual(frames, whole)

    def test_empty_frames_are_skipped_and_long_ones_refused(self) -> None:
        self.assertEqual(FrameDecoder(4).feed(b"\0\0abcd\0ab"), [b"abcd"])
        for stream in (b"abcde", b"abcde\0", b"ab\0abcde"):
            with self.assertRaises(FrameTooLarge):
                FrameDecoder(4).feed(stream)

    def test_k_37_what_is_no_packet_is_none(self) -> None:
        for frame in (b"{", b"\xff", b"1", b"[]", b"{}", b'{"a":1}', b'{"a":{},"b":{}}', b"[" * 100_000):
            self.assertIsNone(decode(frame))
        self.assertEqual(decode(b'{"hbAck":{}}'), ("hbAck", {}))

    def test_a_number_that_json_does_not_have_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            encode("pub", {"dt": float("nan")})


class Waits(unittest.TestCase):
    def test_k_6_waits_stay_within_their_bounds(self) -> None:
        for seed in range(100):
            backoff = Backoff(random.Random(seed).random)
            for n in range(2000):
                self.assertTrue(0.1 <= backoff.next_wait("lost") <= min(20.0, 2.0 ** min(n, 10)))
            self.assertTrue(5 <= Backoff(random.Random(seed).random).next_wait("server-full") <= 20)

    def test_k_6_only_a_connection_that_lasted_begins_anew(self) -> None:
        backoff = Backoff(lambda: 1.0)
        self.assertEqual([backoff.next_wait("lost") for _ in range(3)], [1, 2, 4])
        backoff.connection_ended(19.9)
        self.assertEqual(backoff.next_wait("lost"), 8)
        backoff.connection_ended(20)
        self.assertEqual(backoff.next_wait("lost"), 1)


if __name__ == "__main__":
    unittest.main()
