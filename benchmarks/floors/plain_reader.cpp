#include "benchmarks/floors/plain_reader.hpp"

#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <chrono>
#include <cstring>

namespace bench {

plain_reader::plain_reader(const std::filesystem::path& file)
    : db_(file, stele::durability::full),
      read_all_(db_.prepare(
          "SELECT position, version, recorded_at, id, stream, type, payload, metadata FROM events ORDER BY position")),
      read_stream_(db_.prepare("SELECT position, version, recorded_at, id, stream, type, payload, metadata FROM events "
                               "WHERE stream = (SELECT id FROM streams WHERE name = ?1) ORDER BY version")),
      stream_name_(db_.prepare("SELECT name FROM streams WHERE id = ?1")),
      type_name_(db_.prepare("SELECT name FROM types WHERE id = ?1")) {}

std::string_view plain_reader::name_of(std::vector<std::string>& names, std::int64_t id, sqlite3_stmt* find) {
    const auto index = static_cast<std::size_t>(id);
    if (index >= names.size()) names.resize(index + 1);
    auto& name = names[index];
    if (name.empty()) {
        sqlite3_bind_int64(find, 1, id);
        db_.check(sqlite3_step(find) == SQLITE_ROW);
        name = bytes_of(find, 0);
        sqlite3_reset(find);
    }
    return name;
}

digest plain_reader::read(sqlite3_stmt* query, std::string_view stream) {
    digest result;
    stele::recorded_event event;
    int code = sqlite3_step(query);
    for (; code == SQLITE_ROW; code = sqlite3_step(query)) {
        event.position.value = number_of(query, 0);
        event.version.value = number_of(query, 1);
        event.recorded_at = stele::timestamp{std::chrono::microseconds{sqlite3_column_int64(query, 2)}};
        std::memcpy(event.id.bytes.data(), sqlite3_column_blob(query, 3), event.id.bytes.size());
        event.stream =
            stream.empty() ? name_of(stream_names_, sqlite3_column_int64(query, 4), stream_name_.get()) : stream;
        event.type = name_of(type_names_, sqlite3_column_int64(query, 5), type_name_.get());
        event.payload = bytes_of(query, 6);
        event.metadata = bytes_of(query, 7);
        result.add(event);
    }
    db_.check(code == SQLITE_DONE);
    sqlite3_reset(query);
    return result;
}

digest plain_reader::read_all() {
    return read(read_all_.get(), {});
}

std::uint64_t plain_reader::scan() {
    sqlite3_stmt* const query = read_all_.get();
    std::uint64_t events = 0;
    std::size_t sum = 0;
    int code = sqlite3_step(query);
    for (; code == SQLITE_ROW; code = sqlite3_step(query)) {
        for (const int column : {0, 1, 2, 4, 5}) sum += number_of(query, column);
        for (const int column : {3, 6, 7}) sum += bytes_of(query, column).size();
        ++events;
    }
    db_.check(code == SQLITE_DONE);
    sqlite3_reset(query);
    benchmark::DoNotOptimize(sum);
    return events;
}

digest plain_reader::read_stream(const stele::stream_id& stream) {
    bind_text(read_stream_.get(), 1, stream.str());
    return read(read_stream_.get(), stream.str());
}

}  // namespace bench
