#include "benchmarks/plain_log.hpp"

#include "benchmarks/contest.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <numeric>
#include <stdexcept>

namespace bench {
namespace {

std::int64_t now_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

void bind_blob(sqlite3_stmt* statement, int parameter, std::string_view blob) {
    sqlite3_bind_blob64(statement, parameter, blob.data(), blob.size(), SQLITE_STATIC);
}

std::string_view bytes(sqlite3_stmt* statement, int column) {
    const auto* const data = static_cast<const char*>(sqlite3_column_blob(statement, column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

std::uint64_t number(sqlite3_stmt* statement, int column) {
    return static_cast<std::uint64_t>(sqlite3_column_int64(statement, column));
}

}  // namespace

void plain_log::closer::operator()(sqlite3* db) const noexcept {
    sqlite3_close_v2(db);
}

void plain_log::closer::operator()(sqlite3_stmt* statement) const noexcept {
    sqlite3_finalize(statement);
}

void plain_log::check(bool good) {
    if (!good) throw std::runtime_error(fmt::format("plain SQLite: {}", sqlite3_errmsg(db_.get())));
}

plain_log::prepared plain_log::prepare(const char* sql) {
    sqlite3_stmt* made = nullptr;
    check(sqlite3_prepare_v3(db_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr) == SQLITE_OK);
    return prepared{made};
}

void plain_log::execute(const char* sql) {
    check(sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK);
}

plain_log::plain_log(const std::filesystem::path& file, stele::durability durability) {
    sqlite3* db = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    db_.reset(db);
    check(code == SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    execute("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 4000");
    execute(durability == stele::durability::full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    begin_ = prepare("BEGIN IMMEDIATE");
    commit_ = prepare("COMMIT");
    insert_ = prepare(
        "INSERT INTO events (stream, version, type, id, recorded_at, closes_append, payload, metadata) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    find_stream_ = prepare("SELECT id FROM streams WHERE name = ?1");
    add_stream_ = prepare("INSERT INTO streams (name) VALUES (?1)");
    find_type_ = prepare("SELECT id FROM types WHERE name = ?1");
    add_type_ = prepare("INSERT INTO types (name) VALUES (?1)");
    read_all_ = prepare(
        "SELECT position, version, recorded_at, id, stream, type, payload, metadata FROM events ORDER BY position");
    read_stream_ = prepare(
        "SELECT position, version, recorded_at, id, stream, type, payload, metadata FROM events "
        "WHERE stream = (SELECT id FROM streams WHERE name = ?1) ORDER BY version");
    stream_name_ = prepare("SELECT name FROM streams WHERE id = ?1");
    type_name_ = prepare("SELECT name FROM types WHERE id = ?1");
    type_ids_.resize(event_types.size());
}

void plain_log::run(sqlite3_stmt* statement) {
    check(sqlite3_step(statement) == SQLITE_DONE);
    sqlite3_reset(statement);
}

void plain_log::begin() {
    // With many connections SQLite gives some of them no turn for the whole busy timeout.
    int code = SQLITE_BUSY;
    while (code == SQLITE_BUSY) {
        code = sqlite3_step(begin_.get());
        sqlite3_reset(begin_.get());
    }
    check(code == SQLITE_DONE);
}

void plain_log::commit() {
    run(commit_.get());
}

void plain_log::append(const batch& what) {
    begin();
    insert(what);
    commit();
}

void plain_log::insert(const batch& what) {
    if (what.number >= stream_ids_.size()) stream_ids_.resize(what.number + 1);
    auto& stream = stream_ids_[what.number];
    if (stream == 0) stream = id_of(what.stream.str(), find_stream_.get(), add_stream_.get());
    const auto recorded_at = now_us();
    auto* const row = insert_.get();
    for (std::size_t i = 0; i < what.events.size(); ++i) {
        const auto& event = what.events[i];
        auto& type = type_ids_[(what.after.value + i) % type_ids_.size()];
        if (type == 0) type = id_of(event.type, find_type_.get(), add_type_.get());
        sqlite3_bind_int64(row, 1, stream);
        sqlite3_bind_int64(row, 2, static_cast<std::int64_t>(what.after.value + i + 1));
        sqlite3_bind_int64(row, 3, type);
        bind_blob(row, 4, {reinterpret_cast<const char*>(event.id.bytes.data()), event.id.bytes.size()});
        sqlite3_bind_int64(row, 5, recorded_at);
        sqlite3_bind_int64(row, 6, i + 1 == what.events.size());
        bind_blob(row, 7, event.payload);
        bind_blob(row, 8, event.metadata);
        run(row);
    }
}

std::int64_t plain_log::id_of(std::string_view name, sqlite3_stmt* find, sqlite3_stmt* add) {
    for (auto* const statement : {find, add})
        sqlite3_bind_text64(statement, 1, name.data(), name.size(), SQLITE_STATIC, SQLITE_UTF8);
    const std::int64_t found = sqlite3_step(find) == SQLITE_ROW ? sqlite3_column_int64(find, 0) : 0;
    sqlite3_reset(find);
    if (found != 0) return found;
    run(add);
    return sqlite3_last_insert_rowid(db_.get());
}

std::string_view plain_log::name_of(std::vector<std::string>& names, std::int64_t id, sqlite3_stmt* find) {
    const auto index = static_cast<std::size_t>(id);
    if (index >= names.size()) names.resize(index + 1);
    auto& name = names[index];
    if (name.empty()) {
        sqlite3_bind_int64(find, 1, id);
        check(sqlite3_step(find) == SQLITE_ROW);
        name = bytes(find, 0);
        sqlite3_reset(find);
    }
    return name;
}

digest plain_log::read(sqlite3_stmt* query, std::string_view stream) {
    digest result;
    stele::recorded_event event;
    int code = sqlite3_step(query);
    for (; code == SQLITE_ROW; code = sqlite3_step(query)) {
        event.position.value = number(query, 0);
        event.version.value = number(query, 1);
        event.recorded_at = stele::timestamp{std::chrono::microseconds{sqlite3_column_int64(query, 2)}};
        std::memcpy(event.id.bytes.data(), sqlite3_column_blob(query, 3), event.id.bytes.size());
        event.stream =
            stream.empty() ? name_of(stream_names_, sqlite3_column_int64(query, 4), stream_name_.get()) : stream;
        event.type = name_of(type_names_, sqlite3_column_int64(query, 5), type_name_.get());
        event.payload = bytes(query, 6);
        event.metadata = bytes(query, 7);
        result.add(event);
    }
    check(code == SQLITE_DONE);
    sqlite3_reset(query);
    return result;
}

digest plain_log::read_all() {
    return read(read_all_.get(), {});
}

std::uint64_t plain_log::scan() {
    sqlite3_stmt* const query = read_all_.get();
    std::uint64_t events = 0;
    std::size_t sum = 0;
    int code = sqlite3_step(query);
    for (; code == SQLITE_ROW; code = sqlite3_step(query)) {
        for (const int column : {0, 1, 2, 4, 5}) sum += number(query, column);
        for (const int column : {3, 6, 7}) sum += bytes(query, column).size();
        ++events;
    }
    check(code == SQLITE_DONE);
    sqlite3_reset(query);
    benchmark::DoNotOptimize(sum);
    return events;
}

digest plain_log::read_stream(const stele::stream_id& stream) {
    sqlite3_bind_text64(read_stream_.get(), 1, stream.str().data(), stream.str().size(), SQLITE_STATIC, SQLITE_UTF8);
    return read(read_stream_.get(), stream.str());
}

void make_store(const std::filesystem::path& file) {
    (void)stele::sqlite_store::open(file);
}

workload make_filled_store(const std::filesystem::path& file, std::size_t streams, std::size_t events_each) {
    make_store(file);
    plain_log log(file, stele::durability::full);
    // One transaction without a journal, and a cache for the leaves of the indexes: nothing is written twice.
    log.execute("PRAGMA journal_mode = OFF; PRAGMA cache_size = -256000");
    workload data(streams);
    std::mt19937_64 random{42};
    std::vector<std::size_t> order(streams);
    std::iota(order.begin(), order.end(), std::size_t{0});
    log.begin();
    for (std::size_t round = 0; round < events_each; ++round) {
        check_interrupt();
        std::ranges::shuffle(order, random);
        for (const auto stream : order) log.insert(data.next_of(stream, 1));
    }
    log.execute("INSERT INTO type_blocks SELECT DISTINCT type, (position - 1) / 1024 FROM events");
    log.commit();
    log.execute("PRAGMA journal_mode = WAL");
    return data;
}

}  // namespace bench
