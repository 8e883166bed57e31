#include "eventstore/sqlite/index/runs.hpp"

#include <stele/eventstore/detail/stored_number.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace stele::inline v0::detail {

void add_varint(std::string& to, std::uint64_t number) {
    for (; number >= 0x80; number >>= 7U) to.push_back(static_cast<char>(number | 0x80U));
    to.push_back(static_cast<char>(number));
}

void run_writer::add(std::int64_t number) {
    add_varint(bytes_, static_cast<std::uint64_t>(number - last_));
    last_ = number;
}

void run_writer::clear() {
    bytes_.clear();
    last_ = 0;
}

std::optional<std::int64_t> run_reader::next() {
    if (rest_.empty() || damaged_) return std::nullopt;
    std::uint64_t difference = 0;
    for (unsigned shift = 0;; shift += 7) {
        // Nine bytes hold every number there is, and no sum of two such overflows.
        if (rest_.empty() || shift > 56) {
            damaged_ = true;
            return std::nullopt;
        }
        const auto byte = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        difference |= std::uint64_t{byte & 0x7FU} << shift;
        if (byte < 0x80) break;
    }
    const auto number = static_cast<std::uint64_t>(last_) + difference;
    if (difference == 0 || number > greatest_stored_number) {
        damaged_ = true;
        return std::nullopt;
    }
    last_ = static_cast<std::int64_t>(number);
    return last_;
}

std::string_view run_reader::take(std::size_t count) {
    const auto taken = rest_.substr(0, std::min(count, rest_.size()));
    rest_.remove_prefix(taken.size());
    return taken;
}

void expect_sound(const run_reader& run, const connection& db, std::string_view of, std::int64_t id) {
    if (run.is_damaged()) throw db.damage(fmt::format("a run of {} {} is damaged", of, id));
}

}  // namespace stele::inline v0::detail
