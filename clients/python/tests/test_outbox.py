import unittest

from rialto_client.outbox import WINDOW, Outbox


class Keeping(unittest.TestCase):
    def test_k_44_what_is_unanswered_leaves_again_in_order_before_anything_new(self) -> None:
        box = Outbox()
        for n in range(5):
            box.keep(str(n), b"%d" % n)
        self.assertEqual(box.take(), [b"0", b"1", b"2", b"3", b"4"])
        self.assertTrue(box.answered("1"))
        box.connection_ended()
        box.keep("5", b"5")
        self.assertEqual(box.take(), [b"0", b"2", b"3", b"4", b"5"])

    def test_k_41_an_answer_counts_once_and_only_for_what_was_sent(self) -> None:
        box = Outbox()
        box.keep("a", b"a")
        self.assertFalse(box.answered("a"))
        box.take()
        self.assertEqual([box.answered("a"), box.answered("a"), box.answered("b")], [True, False, False])
        self.assertEqual(len(box), 0)

    def test_k_43_the_window_and_the_bounds_hold(self) -> None:
        box = Outbox(count=WINDOW + 2, limit=WINDOW + 1)
        for n in range(WINDOW + 1):
            box.keep(str(n), b"x")
        self.assertFalse(box.has_room(1))
        with self.assertRaises(ValueError):
            box.keep("more", b"x")
        self.assertEqual(len(box.take()), WINDOW)
        self.assertEqual(box.take(), [])
        box.answered("0")
        self.assertTrue(box.has_room(1))
        self.assertEqual(len(box.take()), 1)

    def test_k_43_k_48_only_what_never_left_is_dropped_or_withdrawn(self) -> None:
        box = Outbox()
        box.keep("sent", b"1")
        box.take()
        box.connection_ended()
        box.keep("new", b"2")
        box.keep("newer", b"3")
        self.assertFalse(box.withdraw("sent"))
        self.assertEqual(box.drop_oldest(), "new")
        self.assertTrue(box.withdraw("newer"))
        self.assertIsNone(box.drop_oldest())
        self.assertEqual(box.take(), [b"1"])


if __name__ == "__main__":
    unittest.main()
