#pragma once

#if __cplusplus <= 202002L
#error "Stele needs C++23: compile with -std=c++23"
#endif

#include <compare>
#include <cstdint>
#include <limits>
#include <string>

namespace stele::inline v0 {

/// The 1-based number of an event in its stream. A stream's version is that of its last event; 0 means "no stream".
struct version {
    std::uint64_t value = 0;  ///< The number itself.
    friend constexpr auto operator<=>(version, version) = default;

    /// The version of the event that follows.
    [[nodiscard]] constexpr version next() const { return {value + 1}; }

    /// Greater than or equal to every version.
    static constexpr version(max)() { return {(std::numeric_limits<std::int64_t>::max)()}; }
};

/// The 1-based number of an event in the whole store, without gaps.
///
/// Positions are assigned in commit order: once a reader has seen position n, no event can later appear before it.
/// position{} (0) is before the first event, so reading after position{} reads everything.
struct position {
    std::uint64_t value = 0;  ///< The number itself.
    friend constexpr auto operator<=>(position, position) = default;

    /// The position of the event that follows.
    [[nodiscard]] constexpr position next() const { return {value + 1}; }

    /// Greater than or equal to every position.
    static constexpr position(max)() { return {(std::numeric_limits<std::int64_t>::max)()}; }
};

/// Both numbers of one event: its version in its stream and its position in the store.
struct stream_position {
    stele::version version;    ///< In its stream; 0: no event.
    stele::position position;  ///< In the store; 0: no event.
    friend constexpr bool operator==(const stream_position&, const stream_position&) = default;
};

/// The version a stream must have for an append to be accepted: the caller's half of optimistic concurrency.
class expected_version {
public:
    /// No expectation: append at the end of the stream, whatever its version.
    static constexpr expected_version any() { return {mode::any, {}}; }
    /// The stream must not exist.
    static constexpr expected_version no_stream() { return {mode::no_stream, {}}; }
    /// The stream must exist, at whatever version.
    static constexpr expected_version stream_exists() { return {mode::stream_exists, {}}; }
    /// The stream must be at exactly `v`; exactly(version{0}) is the same as no_stream().
    static constexpr expected_version exactly(version v) {
        return v.value == 0 ? no_stream() : expected_version{mode::exactly, v};
    }

    /// The same, and no event after version `v` may have been removed (truncated) from the stream: what the caller has
    /// read of it from there on is still there. No difference for no_stream().
    [[nodiscard]] constexpr expected_version nothing_removed_after(version v) const {
        expected_version result = *this;
        if (mode_ != mode::no_stream) result.kept_after_ = v;
        return result;
    }
    /// Events up to this version may have been removed; version::max() unless nothing_removed_after() says otherwise.
    [[nodiscard]] constexpr version kept_after() const { return kept_after_; }

    /// Whether a stream at version `actual` (0: no such stream) meets the expectation.
    [[nodiscard]] constexpr bool accepts(version actual) const {
        switch (mode_) {
            case mode::any: return true;
            case mode::no_stream: return actual.value == 0;
            case mode::stream_exists: return actual.value != 0;
            case mode::exactly: return actual == version_;
        }
        return false;
    }

    /// Whether the expectation names one version: true for no_stream() and exactly(n).
    [[nodiscard]] constexpr bool names_a_version() const { return mode_ == mode::no_stream || mode_ == mode::exactly; }
    /// The version the new events must follow. Meaningful only if names_a_version().
    [[nodiscard]] constexpr stele::version number() const { return version_; }

    /// "any", "no_stream", "stream_exists" or the number.
    [[nodiscard]] std::string str() const;

    friend constexpr bool operator==(expected_version, expected_version) = default;

private:
    enum class mode : std::uint8_t { any, no_stream, stream_exists, exactly };
    constexpr expected_version(mode m, version v) : mode_(m), version_(v) {}

    mode mode_;
    version version_;
    version kept_after_ = (version::max)();
};

}  // namespace stele::inline v0
