#!/usr/bin/env python3
"""Each banned word: where it is found, and what looks like it but is right."""

import unittest

from sample import SampleTest
from words import WORDS, banned_words

# (path, right line, wrong line), in the order of WORDS and at least one for each
SAMPLES = [
    ("base/x.cc", "// no shared_ptr here", "std::shared_ptr<int> p;"),
    ("extaris/x.cc", "bpf_htons(1);", "auto p = htons(7);"),
    ("base/x.cc", 'asm volatile("pause");', "volatile int x;"),
    ("extaris/x.cc", "int threads;", "thread_local int x;"),
    ("libos/runtime/x.cc", "sleep_on(doorbell);", "std::this_thread::sleep_for(1ms);"),
    ("extaris/x.cc", "snprintf(text, 2, x);", 'std::printf("dropped");'),
    ("extaris/ip/x.cc", "reinterpret_cast<const sockaddr*>(&a);", "reinterpret_cast<Header*>(p);"),
    ("base/x.cc", "using std::chrono::seconds;", "using namespace std;"),
    ("base/x.cc", "assert(a == 1 && b >= 2);", "assert(pread(fd, p, 2, 0) == i++);"),
    ("README.md", "fixed", "FIXME later"),
    ("base/x.cc", "// TODO: once meson knows C++23", "// TODO make faster"),
    ("test.sh", 'cd "$root/work/x"', "cd /work/x"),
]
ALLOWED = [
    ("extaris/wire/x.cc", "reinterpret_cast<Header*>(p);"),
    ("vfio/mmio.h", "volatile int x;"),
    ("base/x.cc", "using namespace std::string_literals;"),
    ("bench/x.cc", "address.sin_port = htons(7);"),
    ("bench/x.cc", "std::this_thread::sleep_for(1ms);"),
    ("extaris/x_test.cc", "std::printf(text);"),
    ("control-plane/providers/vnic.bpf.c", "volatile const int x;"),
]


class Words(SampleTest):
    def test_every_word_has_a_sample(self):
        self.assertEqual(len(SAMPLES), len(WORDS))

    def test_what_is_right_is_clean(self):
        for path, good, _ in SAMPLES:
            with self.subTest(good):
                self.assert_found(banned_words(self.sample({path: good + "\n"}), path))

    def test_what_is_wrong_is_found(self):
        for (path, _, bad), word in zip(SAMPLES, WORDS):
            with self.subTest(bad):
                self.assert_found(banned_words(self.sample({path: "\n" + bad + "\n"}), path),
                                  (path, 2, word.instead))

    def test_places_that_may(self):
        for path, text in ALLOWED:
            with self.subTest(path):
                self.assert_found(banned_words(self.sample({path: text + "\n"}), path))


if __name__ == "__main__":
    unittest.main()
