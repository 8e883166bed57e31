#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stele::inline v0::detail {

/// A run: rising numbers (positions of events, or ids of tags) as varints, the first one as it is and each other one as
/// its difference to the one before. A varint has seven bits in each byte, the lowest first; the highest bit says that
/// more follow (LEB128). Part of the file format.
class run_writer {
public:
    /// `number` is greater than the one before.
    void add(std::int64_t number);
    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    void clear();

private:
    std::string bytes_;
    std::int64_t last_ = 0;
};

/// Reads a run, also a damaged one.
class run_reader {
public:
    explicit run_reader(std::string_view bytes) : rest_(bytes) {}

    /// The next number; nothing at the end, or where the bytes are no run.
    std::optional<std::int64_t> next();
    /// Takes `count` bytes that stand behind a number; fewer where they end.
    std::string_view take(std::size_t count);
    /// Whether next() has met bytes that are no run.
    [[nodiscard]] bool is_damaged() const { return damaged_; }

private:
    std::string_view rest_;
    std::int64_t last_ = 0;
    bool damaged_ = false;
};

/// Throws stele::error (corrupt) if the reader has met bytes that are no run. `of` and `id` say whose run it is:
/// "stream".
void expect_sound(const run_reader& run, const connection& db, std::string_view of, std::int64_t id);

/// Appends `number` (0 or more) as one varint.
void add_varint(std::string& to, std::uint64_t number);

}  // namespace stele::inline v0::detail
