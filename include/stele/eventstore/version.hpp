#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <string>

namespace stele {

/// The 1-based number of an event in its stream. A stream's version is that of its last event; 0 means "no stream".
struct version {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(version, version) = default;

    /// After every version there can be.
    static constexpr version max() { return {std::numeric_limits<std::int64_t>::max()}; }
};

/// Where an event stands in the whole store: 1 for the first, one more for each next, without gaps.
///
/// Positions are given in commit order: once a reader has seen position n, no event can later appear before it.
/// position{} (0) stands before the first event, so "read after position{}" reads everything.
struct position {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(position, position) = default;

    /// After every position there can be.
    static constexpr position max() { return {std::numeric_limits<std::int64_t>::max()}; }
};

/// Where a stream must be for an append to be accepted: the caller's half of optimistic concurrency.
class expected_version {
public:
    /// No expectation: append wherever the stream ends.
    static constexpr expected_version any() { return {mode::any, {}}; }
    /// The stream must not exist.
    static constexpr expected_version none() { return {mode::none, {}}; }
    /// The stream must exist, at whatever version.
    static constexpr expected_version some() { return {mode::some, {}}; }
    /// The stream must be at exactly `v`; exactly(version{0}) is the same as none().
    static constexpr expected_version exactly(version v) {
        return v.value == 0 ? none() : expected_version{mode::exactly, v};
    }

    /// Whether a stream whose version is `actual` (0: there is no such stream) meets the expectation.
    [[nodiscard]] constexpr bool accepts(version actual) const {
        switch (mode_) {
            case mode::any: return true;
            case mode::none: return actual.value == 0;
            case mode::some: return actual.value != 0;
            case mode::exactly: return actual == version_;
        }
        return false;
    }

    /// Whether the expectation names one place in the stream: none() and exactly(n) do, any() and some() do not.
    [[nodiscard]] constexpr bool names_a_place() const { return mode_ == mode::none || mode_ == mode::exactly; }
    /// The version after which the events shall stand; meaningful only if names_a_place().
    [[nodiscard]] constexpr version place() const { return version_; }

    /// "any", "none", "some" or the number.
    [[nodiscard]] std::string str() const;

    friend constexpr bool operator==(expected_version, expected_version) = default;

private:
    enum class mode : std::uint8_t { any, none, some, exactly };
    constexpr expected_version(mode m, version v) : mode_(m), version_(v) {}

    mode mode_;
    version version_;
};

}  // namespace stele
