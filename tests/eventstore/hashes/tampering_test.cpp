// Every byte that is stored of an event is changed in turn, and so is every byte of a name and of a leaf: each is
// found, and the event is named.

#include "eventstore/sqlite/hashes/verify_leaves.hpp"
#include "eventstore/sqlite/reader.hpp"
#include "faults/tools/settings.hpp"
#include "support/errors.hpp"
#include "support/temp_dir.hpp"

#include <stele/eventstore/metadata.hpp>
#include <stele/eventstore/sqlite/detail/verify.hpp>
#include <stele/testing/manual_clock.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

using stele::detail::connection;
using stele::detail::statement;
using testing::error_of;

namespace {

constexpr std::uint64_t last_position = 300;

// No two of them become equal by one byte.
constexpr const char* streams[] = {"order-11", "order-22", "ship-1", "parcel", "note-9"};
constexpr const char* types[] = {"shop.OrderPlaced", "shop.OrderPaid", "ParcelSent", "LabelPrinted"};
constexpr const char* tags[] = {"order:77", "item:lamp", "buyer:ann", "depot:3"};

stele::event_data event_at(std::uint64_t where) {
    stele::event_data event{.type = types[where % 4],
                            .payload = std::string(where % 3, '\0') + "payload " + std::to_string(where),
                            .content = static_cast<stele::event_content>(where % 3),
                            .foreign_metadata = where % 5 == 2};
    if (event.content == stele::event_content::json) event.payload = fmt::format(R"({{"n": {}}})", where);
    // Some of those that follow are out of order then.
    if (where > 200 && where % 7 == 0) event.id = stele::uuid::v5({}, std::to_string(where));
    if (where % 2 == 0) event.metadata = stele::encode(stele::metadata{.actor = "ann" + std::to_string(where)});
    if (event.foreign_metadata) event.metadata = "by post";
    for (std::uint64_t i = 0; i < where % 4; ++i) event.tags.add(tags[(where + i) % 4]);
    return event;
}

void fill(const std::filesystem::path& file) {
    stele::manual_clock clock{stele::timestamp{std::chrono::microseconds{1'700'000'000'000'000}}};
    auto store = stele::sqlite_store::open(file, {.durability = stele::durability::normal, .now = clock.reader()});
    for (std::uint64_t where = 1; where <= last_position;) {
        std::vector<stele::event_data> events;
        for (auto more = std::min(where % 3 + 1, last_position - where + 1); more > 0; --more)
            events.push_back(event_at(where++));
        clock.advance(std::chrono::microseconds{1});
        REQUIRE(store.append(stele::stream_id{streams[where % 5]}, stele::expected_version::any(), events));
    }
}

/// A store that was closed, in one transaction in which it is changed.
class closed_store {
public:
    closed_store() {
        fill(directory_ / "events.db");
        auto owned = std::make_unique<connection>(directory_ / "events.db", stele::detail::open_mode::write);
        db_ = owned.get();
        reader_.emplace(std::move(owned), stele::store_limits{}, std::make_shared<stele::detail::index_tail>(1000));
        db_->execute("BEGIN");
        REQUIRE(found({}, stele::position::max()).empty());
        REQUIRE(found_in_tables().empty());
    }

    [[nodiscard]] connection& db() { return *db_; }
    /// What comparing the events of a range with their leaves finds.
    [[nodiscard]] std::vector<std::string> found(stele::position after, stele::position up_to) {
        std::vector<std::string> all;
        stele::detail::verify_leaves(*db_, after, up_to, [&](const std::string& each) {
            all.push_back(each);
            return true;
        });
        return all;
    }
    /// What comparing the tables with each other finds.
    [[nodiscard]] std::vector<std::string> found_in_tables() {
        std::vector<std::string> all;
        for (const auto* const sql : stele::detail::checks_of_tables())
            for (auto rows = db_->prepare(sql); rows.step();) all.emplace_back(rows.column_bytes(0));
        return all;
    }
    /// The error of a read that compares.
    [[nodiscard]] testing::caught error_of_read(std::uint64_t where) {
        return error_of([&] {
            stele::event_batch batch;
            reader_->fetch({.after = {where - 1}, .up_to = {where}, .compare_leaves = true}, batch);
        });
    }
    [[nodiscard]] std::vector<std::int64_t> numbers(const std::string& sql) {
        std::vector<std::int64_t> all;
        for (auto rows = db_->prepare(sql); rows.step();) all.push_back(rows.column_int64(0));
        return all;
    }

private:
    temp_dir directory_;
    connection* db_ = nullptr;
    std::optional<stele::detail::reader> reader_;
};

/// Chooses what is tested of the many changes.
class sample {
public:
    bool takes_next() {
        if (++count_ != next_) return false;
        next_ = next_tested(count_);
        return true;
    }
    char other_than(char byte) { return static_cast<char>(byte ^ static_cast<char>(1 + random_() % 255)); }

private:
    std::uint64_t count_ = 0, next_ = 1;
    std::mt19937_64 random_{run_seed()};
};

/// One value of a row: bytes, text, or a number of eight bytes.
class cell {
public:
    cell(connection& db, const std::string& column, const std::string& table, const std::string& where)
        : what_(fmt::format("{} of {} with {}", column, table, where)),
          write_(db.prepare(fmt::format("UPDATE {1} SET {0} = ?1 WHERE {2}", column, table, where))) {
        auto read = db.prepare(fmt::format("SELECT {0}, typeof({0}) FROM {1} WHERE {2}", column, table, where));
        REQUIRE(read.step());
        type_ = read.column_bytes(1);
        if (type_ == "integer") {
            const auto number = read.column_int64(0);
            bytes_.assign(reinterpret_cast<const char*>(&number), sizeof number);
        } else if (type_ != "null") {
            bytes_ = read.column_bytes(0);
        }
    }

    /// Calls `check` while a byte of it is another one.
    void change_each(sample& chosen, const std::function<void(std::size_t byte)>& check) {
        for (std::size_t i = 0; i < bytes_.size(); ++i) {
            if (!chosen.takes_next()) continue;
            auto changed = bytes_;
            changed[i] = chosen.other_than(changed[i]);
            INFO("byte ", i, " of ", what_, ", STELE_SEED=", run_seed());
            put(changed);
            check(i);
            put(bytes_);
        }
    }

private:
    void put(const std::string& bytes) {
        if (type_ == "integer") {
            std::int64_t number = 0;
            std::memcpy(&number, bytes.data(), sizeof number);
            write_.bind(1, number);
        } else if (type_ == "text") {
            write_.bind_text(1, bytes);
        } else {
            write_.bind_blob(1, bytes);
        }
        write_.run();
    }

    std::string what_;
    statement write_;
    std::string type_, bytes_;
};

void check_named(const std::vector<std::string>& found, std::uint64_t where) {
    REQUIRE(found.size() == 1);
    CHECK_MESSAGE(found.front().starts_with(fmt::format("the event at position {} ", where)), found.front());
}

}  // namespace

TEST_CASE("each byte of each column of each event is found, also by a read that compares") {
    closed_store store;
    sample chosen;
    for (std::uint64_t where = 1; where <= last_position; ++where)
        for (const auto* column :
             {"payload", "metadata", "id", "recorded_at", "stream", "type", "version", "tags", "flags"}) {
            cell value(store.db(), column, "events", fmt::format("position = {}", where));
            value.change_each(chosen, [&](std::size_t byte) {
                const bool is_of_append = std::string_view{column} == "flags" && byte == 0;  // see below
                if (is_of_append) return;
                check_named(store.found({where - 1}, {where}), where);
                const auto refused = store.error_of_read(where);
                CHECK(refused.kind == stele::error_kind::corrupt);
                const bool is_named = refused.says(fmt::format("the event at position {} ", where)) ||
                                      refused.says(": version is ") /* which no version can be */;
                CHECK_MESSAGE(is_named, refused.message);
            });
        }
}

TEST_CASE("each flag that is changed is found, but that one more append ended") {
    closed_store store;
    sample chosen;
    for (std::uint64_t where = 1; where <= last_position; ++where)
        for (std::int64_t bit = 1; bit <= 128; bit *= 2) {
            const auto flags =
                store.numbers(fmt::format("SELECT flags FROM events WHERE position = {}", where)).front();
            const bool ends_append = bit == 1 && (flags & 1) == 0;  // nothing else says where appends end
            if (ends_append || !chosen.takes_next()) continue;
            INFO("position ", where, ", flags ", flags, ", bit ", bit);
            const auto set = [&](std::int64_t to) {
                store.db().execute(fmt::format("UPDATE events SET flags = {} WHERE position = {}", to, where));
            };
            set(flags ^ bit);
            const auto found = bit <= 2 ? store.found_in_tables() : store.found({where - 1}, {where});
            set(flags);
            const auto named = fmt::format("event at position {} ", where);
            const auto last = fmt::format("the last event, at position {},", where);
            const auto is_named = [&](const auto& each) { return each.contains(named) || each.starts_with(last); };
            CHECK(std::ranges::any_of(found, is_named));
        }
}

TEST_CASE("each byte of each name is found at all events that have it") {
    closed_store store;
    sample chosen;
    const std::pair<const char*, const char*> tables[] = {
        {"streams", "SELECT position FROM events WHERE stream = {}"},
        {"types", "SELECT position FROM events WHERE type = {}"},
        {"stele_tags",
         "SELECT e.position FROM events AS e, stele_positions(e.tags) AS t WHERE e.tags IS NOT NULL AND "
         "t.position = {}"}};
    for (const auto& [table, having] : tables)
        for (const auto id : store.numbers(fmt::format("SELECT id FROM {}", table))) {
            const auto positions = store.numbers(fmt::format(fmt::runtime(std::string(having) + " ORDER BY 1"), id));
            REQUIRE_FALSE(positions.empty());
            cell name(store.db(), "name", table, fmt::format("id = {}", id));
            name.change_each(chosen, [&](std::size_t) {
                const auto found = store.found({}, stele::position::max());
                REQUIRE(found.size() == positions.size());
                for (std::size_t i = 0; i < found.size(); ++i)
                    check_named({found[i]}, static_cast<std::uint64_t>(positions[i]));
            });
        }
}

TEST_CASE("each byte of each leaf is found at its event") {
    closed_store store;
    sample chosen;
    cell tile(store.db(), "hashes", "stele_hash_tiles", "level = 0 AND tile = 0");
    const auto check = [&](std::uint64_t where) { check_named(store.found({where - 1}, {where}), where); };
    tile.change_each(chosen, [&](std::size_t byte) { check(byte / sizeof(stele::tree_hash) + 1); });
    std::size_t others = 0;
    for (const auto first : store.numbers("SELECT position FROM stele_open_leaves ORDER BY position")) {
        cell open(store.db(), "hashes", "stele_open_leaves", fmt::format("position = {}", first));
        open.change_each(chosen, [&](std::size_t byte) {
            check(static_cast<std::uint64_t>(first) + byte / sizeof(stele::tree_hash));
            ++others;
        });
    }
    CHECK(others >= (last_position - 256) * sizeof(stele::tree_hash) / one_in());
}

TEST_CASE("tags that are added, taken away or written in another way are found") {
    closed_store store;
    for (const auto& [where, list] : {std::pair{4, "x'01'"}, {4, "x''"}, {5, "NULL"}, {5, "x''"}, {260, "x''"}}) {
        store.db().execute("SAVEPOINT before");
        store.db().execute(fmt::format("UPDATE events SET tags = {} WHERE position = {}", list, where));
        const auto position = static_cast<std::uint64_t>(where);
        check_named(store.found({position - 1}, {position}), position);
        CHECK(store.error_of_read(position).says(fmt::format("the event at position {} ", where)));
        store.db().execute("ROLLBACK TO before; RELEASE before");
    }
}
