#pragma once

#include <cstddef>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace bank {

/// Colours for a terminal; plain text for everything else.
struct ink {
    bool colours = false;

    /// Whether `out` is a terminal whose user has not asked for plain text (NO_COLOR).
    static ink for_output(std::FILE* out);

    [[nodiscard]] std::string bold(std::string_view text) const { return paint("1", text); }
    [[nodiscard]] std::string dim(std::string_view text) const { return paint("2", text); }
    [[nodiscard]] std::string red(std::string_view text) const { return paint("31", text); }
    [[nodiscard]] std::string green(std::string_view text) const { return paint("32", text); }
    [[nodiscard]] std::string cyan(std::string_view text) const { return paint("36", text); }

private:
    [[nodiscard]] std::string paint(std::string_view code, std::string_view text) const;
};

/// Whether `out` is a terminal: a person is watching, and a line can be overwritten.
bool is_terminal(std::FILE* out);

/// How many rows of a terminal these lines of text take, where lines that are wider than the terminal wrap. Each line
/// ends with a line break.
std::size_t terminal_rows(std::string_view lines, std::size_t columns);

/// Lines of text that change. On a terminal each version replaces the one before; elsewhere it is printed below it.
class changing_text {
public:
    /// `out` must outlive it.
    explicit changing_text(std::FILE* out) : out_(out), in_place_(is_terminal(out)) {}

    /// `lines` end with a line break.
    void show(std::string_view lines);

private:
    std::FILE* out_;
    bool in_place_;
    std::string shown_;  // the last version
};

/// A bar of at most `width` characters, filled to `fraction` (0 to 1), in eighths of a character. Not padded.
std::string bar(double fraction, std::size_t width);

/// The same, with the empty part drawn too.
std::string gauge(double fraction, std::size_t width);

/// Text in columns, each as wide as its widest cell.
class table {
public:
    /// One letter for each column: 'l' aligns left, 'r' right.
    explicit table(std::string_view alignment) : alignment_(alignment) {}

    enum class shade : char { normal, dim, bold };
    void add(std::vector<std::string> cells, shade as = shade::normal);

    /// The rows as lines, indented by two.
    [[nodiscard]] std::string str(const ink& ink) const;

private:
    struct row {
        std::vector<std::string> cells;
        shade as;
    };
    std::string alignment_;
    std::vector<row> rows_;
};

}  // namespace bank
