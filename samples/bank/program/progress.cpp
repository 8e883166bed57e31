#include "bank/program/progress.hpp"

#include "bank/domain/money.hpp"
#include "bank/program/terminal.hpp"

#include <fmt/format.h>

namespace bank {

progress::progress(std::FILE* out, std::string done, std::string thing)
    : out_(out), done_text_(std::move(done)), thing_(std::move(thing)), in_place_(is_terminal(out)) {}

// Clears the bar: the next output takes its place.
progress::~progress() {
    if (in_place_ && drawn_ != clock::time_point{}) {
        std::fputs("\r\x1b[K", out_);
        std::fflush(out_);
    }
}

void progress::show(std::uint64_t count, std::uint64_t total) {
    if (in_place_) {
        using namespace std::chrono_literals;
        const auto now = clock::now();
        if (now - drawn_ > 50ms || count == total) draw_bar(count, total, now);
    } else if (count == total || count * 4 / total != (count - 1) * 4 / total) {
        fmt::print(out_, "{} {} of {}\n", done_text_, format_count(count), counted(total, thing_));
        std::fflush(out_);
    }
}

void progress::draw_bar(std::uint64_t count, std::uint64_t total, clock::time_point now) {
    constexpr std::size_t width = 30;
    drawn_ = now;
    const double fraction = static_cast<double>(count) / static_cast<double>(total);
    fmt::print(out_, "\r  {} {:3.0f} %  {} of {}{}\x1b[K", ink::for_output(out_).green(gauge(fraction, width)),
               fraction * 100, format_count(count), counted(total, thing_), speed(count, total, now));
    std::fflush(out_);
}

std::string progress::speed(std::uint64_t count, std::uint64_t total, clock::time_point now) const {
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    if (seconds < 0.3) return "";  // too early to estimate
    const double rate = static_cast<double>(count) / seconds;
    return fmt::format("  {}/s  {:.0f} s left", format_count(static_cast<std::uint64_t>(rate)),
                       static_cast<double>(total - count) / rate);
}

import_result import_with_progress(const std::filesystem::path& statement, const bank_directory& directory,
                                   import_options options, std::FILE* out) {
    progress bar(out, "imported", "transaction");
    options.progress = [&bar](std::size_t booked, std::size_t rows) { bar.show(booked, rows); };
    return import_statement(statement, directory, options);
}

}  // namespace bank
