"""Rows as Markdown tables and gnuplot's SVG."""

import subprocess


def number(value):
    """Three digits that matter, thousands as k and millions as M."""
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def cell(row):
    """Median and spread; a dash where nothing was measured."""
    if row is None:
        return "-"
    if row["runs"] == 1:
        return number(row["median"])
    return f"{number(row['median'])} [{number(row['min'])}..{number(row['max'])}]"


def table(head, lines):
    """Markdown; the first column to the left, figures to the right."""
    rule = ["---"] + ["--:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, rule, *lines])


def plain_section(name, rows, _folder):
    """For figures without a page of their own: every row."""
    lines = [[row["case"], row["system"], row["wire"], f"{row['metric']}, {row['unit']}", cell(row)]
             for row in rows]
    return [f"## {name}", table(["case", "system", "wire", "metric", "figure"], lines)]


def plot(path, title, axes, curves):
    """`curves`: name -> [(x, row)]. Medians with their spread as bars, as an SVG."""
    commands = ["set terminal svg size 640,400 background '#ffffff' font 'sans-serif,12'",
                f"set output '{path}'", f"set title '{title}' noenhanced",
                f"set xlabel '{axes[0]}'", f"set ylabel '{axes[1]}'", "set yrange [0:*]",
                "set key outside below", "set grid ytics lc rgb '#dddddd'",
                "set offsets 0.2,0.2,0,0", "set format y '%.1s%c'"]
    places = sorted({x for points in curves.values() for x, _ in points})
    # Equal steps for values that grow by factors and begin with 0.
    ticks = ", ".join(f"'{x}' {i}" for i, x in enumerate(places))
    commands.append(f"set xtics ({ticks})")
    lines = ", ".join(f"'-' with yerrorlines title '{name}' noenhanced lw 2 pt 7 ps 0.5"
                      for name in curves)
    commands.append(f"plot {lines}")
    for points in curves.values():
        commands += [f"{places.index(x)} {row['median']} {row['min']} {row['max']}"
                     for x, row in points]
        commands.append("e")
    subprocess.run(["gnuplot"], input="\n".join(commands) + "\n", text=True, check=True)
