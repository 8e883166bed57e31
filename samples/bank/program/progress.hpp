#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>

namespace bank {

/// Tells a person how far some work is: a bar drawn in place on a terminal, a line for every quarter elsewhere.
/// Any thread may call it.
class progress {
public:
    /// `done` says what has been done, for the plain lines: "imported". `thing`: "transaction". `out` may be null: then
    /// it says nothing.
    progress(std::FILE* out, std::string done, std::string thing, std::uint64_t total);
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;
    ~progress();

    /// One more of them is done.
    void advance();

private:
    using clock = std::chrono::steady_clock;
    void draw_bar(clock::time_point now);
    [[nodiscard]] std::string speed(clock::time_point now) const;

    std::FILE* out_;
    std::string done_text_, thing_;
    std::uint64_t total_;
    bool in_place_;
    clock::time_point begin_ = clock::now();

    std::mutex mutex_;
    std::uint64_t done_ = 0;
    clock::time_point drawn_{};
};

}  // namespace bank
