#include "bank/program/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace bank {
namespace {

// The number of characters of a text, without colour codes ("ESC [ ... m").
std::size_t width_of(std::string_view text) {
    std::size_t width = 0;
    bool in_colour = false;
    for (const char c : text) {
        in_colour = in_colour || c == '\x1b';
        if (!in_colour && (static_cast<unsigned char>(c) & 0xC0) != 0x80) ++width;
        in_colour = in_colour && c != 'm';
    }
    return width;
}

std::size_t columns_of(std::FILE* terminal) {
    winsize size{};
    return ioctl(fileno(terminal), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

bool is_terminal(std::FILE* out) {
    return isatty(fileno(out)) == 1;
}

ink ink::for_output(std::FILE* out) {
    return {.colours = is_terminal(out) && std::getenv("NO_COLOR") == nullptr};
}

std::string ink::paint(std::string_view code, std::string_view text) const {
    return colours ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

std::size_t terminal_rows(std::string_view lines, std::size_t columns) {
    std::size_t rows = 0;
    while (!lines.empty()) {
        const auto end = lines.find('\n');
        rows += std::max<std::size_t>(1, (width_of(lines.substr(0, end)) + columns - 1) / columns);
        lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    }
    return rows;
}

void changing_text::show(std::string_view lines) {
    // Moves the cursor to the beginning of the last version and clears from there.
    if (in_place_ && !shown_.empty()) fmt::print(out_, "\x1b[{}A\x1b[J", terminal_rows(shown_, columns_of(out_)));
    std::fwrite(lines.data(), 1, lines.size(), out_);
    std::fflush(out_);
    shown_ = lines;
}

std::string bar(double fraction, std::size_t width) {
    constexpr std::array<std::string_view, 8> eighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const auto filled =
        static_cast<std::size_t>(std::lround(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(width) * 8));
    std::string text;
    for (std::size_t i = 0; i < filled / 8; ++i) text += "█";
    return text.append(eighths[filled % 8]);
}

std::string gauge(double fraction, std::size_t width) {
    std::string text = bar(fraction, width);
    for (auto filled = width_of(text); filled < width; ++filled) text += "░";
    return text;
}

void table::add(std::vector<std::string> cells, shade as) {
    cells.resize(alignment_.size());
    rows_.push_back({std::move(cells), as});
}

std::string table::str(const ink& ink) const {
    std::vector<std::size_t> widths(alignment_.size(), 0);
    for (const auto& [cells, as] : rows_)
        for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], width_of(cells[i]));

    std::string text;
    for (const auto& [cells, as] : rows_) {
        std::string line;
        for (std::size_t i = 0; i < widths.size(); ++i) {
            const std::string padding(widths[i] - width_of(cells[i]), ' ');
            line += "  " + (alignment_[i] == 'l' ? cells[i] + padding : padding + cells[i]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += as == shade::dim ? ink.dim(line) : as == shade::bold ? ink.bold(line) : line;
        text += '\n';
    }
    return text;
}

}  // namespace bank
