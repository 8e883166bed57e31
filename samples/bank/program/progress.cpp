#include "bank/program/progress.hpp"

#include "bank/domain/money.hpp"
#include "bank/program/terminal.hpp"

#include <fmt/format.h>

namespace bank {

progress::progress(std::FILE* out, std::string done, std::string thing, std::uint64_t total)
    : out_(out),
      done_text_(std::move(done)),
      thing_(std::move(thing)),
      total_(total),
      in_place_(out != nullptr && is_terminal(out)) {}

// What follows takes the place of the bar.
progress::~progress() {
    if (in_place_ && drawn_ != clock::time_point{}) {
        std::fputs("\r\x1b[K", out_);
        std::fflush(out_);
    }
}

void progress::advance() {
    const std::scoped_lock lock(mutex_);
    ++done_;
    if (out_ == nullptr) return;
    if (in_place_) {
        using namespace std::chrono_literals;
        const auto now = clock::now();
        if (now - drawn_ > 50ms || done_ == total_) draw_bar(now);
    } else if (done_ == total_ || done_ * 4 / total_ != (done_ - 1) * 4 / total_) {
        fmt::print(out_, "{} {} of {}\n", done_text_, format_count(done_), counted(total_, thing_));
        std::fflush(out_);
    }
}

void progress::draw_bar(clock::time_point now) {
    constexpr std::size_t width = 30;
    drawn_ = now;
    const double fraction = static_cast<double>(done_) / static_cast<double>(total_);
    fmt::print(out_, "\r  {} {:3.0f} %  {} of {}{}\x1b[K", ink::for_output(out_).green(gauge(fraction, width)),
               fraction * 100, format_count(done_), counted(total_, thing_), speed(now));
    std::fflush(out_);
}

std::string progress::speed(clock::time_point now) const {
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    if (seconds < 0.3) return "";  // a guess at best
    const double rate = static_cast<double>(done_) / seconds;
    return fmt::format("  {}/s  {:.0f} s left", format_count(static_cast<std::uint64_t>(rate)),
                       static_cast<double>(total_ - done_) / rate);
}

}  // namespace bank
