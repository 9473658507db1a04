#!/usr/bin/env python3
"""What the brace scan takes for a function, and what not."""

import unittest

from function_size import cpp_functions


class CppFunctions(unittest.TestCase):
    def lines(self, text):
        return list(cpp_functions(text))

    def test_counts_from_the_head_to_the_last_brace(self):
        self.assertEqual(self.lines("int f(int a,\n      int b) {\n  if (a) {\n  }\n}\n"), [(1, 5)])

    def test_looks_into_namespaces_and_types(self):
        text = "namespace a {\nclass [[gnu::packed]] B final : C {\n  int f() const {\n  }\n};\n}\n"
        self.assertEqual(self.lines(text), [(3, 2)])

    def test_knows_templates(self):
        text = "template <class T>\n  requires(sizeof(T) == 2)\nclass B {\n  void g() {}\n};\n"
        self.assertEqual(self.lines(text), [(4, 1)])
        self.assertEqual(self.lines("template <class T>\nvoid f() {\n}\n"), [(1, 3)])

    def test_takes_a_function_that_returns_a_struct(self):
        self.assertEqual(self.lines("struct tm now() {\n  return {};\n}\n"), [(1, 3)])

    def test_a_constructor_with_braced_members_ends_with_its_body(self):
        self.assertEqual(self.lines("A::A() : a_{1}, b_{2} {\n\n}\n")[-1], (1, 3))

    def test_passes_over_tables_enums_text_and_macros(self):
        for text in ("const int t[] = {\n1,\n2,\n};\n", "enum class E {\n  a,\n};\n",
                     'auto s = R"({\n)";\n// {\n/* {\n{ */\n', "#define X \\\n  do { \\\n  {\n"):
            self.assertEqual(self.lines(text), [], text)

    def test_a_digit_separator_is_no_quote(self):
        self.assertEqual(self.lines("int n = 1'000;\nint f() {\n  return 2'000;\n}\n"), [(2, 3)])


if __name__ == "__main__":
    unittest.main()
