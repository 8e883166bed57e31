#include <stele/eventstore/detail/process_mark.hpp>
#include <stele/eventstore/uuid.hpp>

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <mutex>
#include <random>
#include <utility>

namespace stele::inline v0 {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

std::uint64_t random_bits() {
    std::uint64_t bits = 0;
    if (::getentropy(&bits, sizeof bits) == 0) return bits;
    // Before Linux 3.17. std::random_device may throw.
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    return (static_cast<std::uint64_t>(now) ^ static_cast<std::uint64_t>(::getpid()) << 40) * 0x9E3779B97F4A7C15ULL;
}

// RFC 9562, 6.2, method 2 (monotonic random): within a millisecond the 74 bits after the time count up by a random
// step, so ids of one process never compare equal or out of order, even if the clock is set back.
class generator {
public:
    uuid next() {
        const std::lock_guard lock(mutex_);
        // A forked process must not use the state of its parent: both would create the same ids.
        if (std::exchange(process_, {}).is_inherited()) {
            engine_.seed(random_bits());
            millisecond_ = 0;
        }
        const auto now = static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
                .count());
        if (now > millisecond_) {
            millisecond_ = now;
            counter_ = engine_() & 0x3FF;  // 10 of 12 bits: room to count up before the tail overflows into it
            tail_ = engine_() >> 2;
        } else {
            const auto step = (engine_() & 0xFFFFFFFF) + 1;
            tail_ += step;
            if (tail_ >> 62 != 0) {
                tail_ &= (1ULL << 62) - 1;
                if (++counter_ > 0xFFF) {
                    counter_ = 0;
                    ++millisecond_;
                }
            }
        }
        return compose();
    }

private:
    [[nodiscard]] uuid compose() const {
        uuid id;
        for (int i = 0; i < 6; ++i)
            id.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(millisecond_ >> (40 - 8 * i));
        id.bytes[6] = static_cast<std::uint8_t>(0x70 | (counter_ >> 8));
        id.bytes[7] = static_cast<std::uint8_t>(counter_);
        for (int i = 0; i < 8; ++i)
            id.bytes[static_cast<std::size_t>(8 + i)] = static_cast<std::uint8_t>(tail_ >> (56 - 8 * i));
        id.bytes[8] = static_cast<std::uint8_t>(0x80 | (id.bytes[8] & 0x3F));
        return id;
    }

    detail::process_mutex mutex_;
    detail::process_mark process_;
    std::mt19937_64 engine_{random_bits()};
    std::uint64_t millisecond_ = 0;
    std::uint64_t counter_ = 0;
    std::uint64_t tail_ = 0;
};

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

constexpr bool dash_before(std::size_t byte) {
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

}  // namespace

uuid uuid::v7() {
    static auto& source = *new generator;
    return source.next();
}

uuid uuid::v5(const uuid& name_space, std::string_view name) {
    boost::uuids::uuid space{};
    std::ranges::copy(name_space.bytes, space.begin());
    const auto derived = boost::uuids::name_generator_sha1{space}(name.data(), name.size());
    uuid id;
    std::ranges::copy(derived, id.bytes.begin());
    return id;
}

std::optional<uuid> uuid::parse(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    uuid id;
    std::size_t at = 0;
    for (std::size_t i = 0; i < 16; ++i) {
        if (dash_before(i) && text[at++] != '-') return std::nullopt;
        const int high = hex_value(text[at++]);
        const int low = hex_value(text[at++]);
        if (high < 0 || low < 0) return std::nullopt;
        id.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return id;
}

std::optional<uuid> uuid::from_bytes(std::string_view bytes) {
    uuid id;
    if (bytes.size() != id.bytes.size()) return std::nullopt;
    std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
    return id;
}

std::string uuid::str() const {
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < 16; ++i) {
        if (dash_before(i)) text += '-';
        text += hex_digits[bytes[i] >> 4];
        text += hex_digits[bytes[i] & 0xF];
    }
    return text;
}

}  // namespace stele::inline v0
