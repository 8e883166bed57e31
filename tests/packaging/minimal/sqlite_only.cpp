#include <stele/sqlite.hpp>

#include <filesystem>

/// Appends an event, opens the store again and reads it.
int main() {
    std::filesystem::remove("minimal.db");
    const stele::stream_id stream{"page-home"};
    const stele::event_data visited{.type = "site.Visited", .payload = "1"};
    {
        auto store = stele::sqlite_store::open("minimal.db");
        if (!store.append(stream, stele::expected_version::no_stream(), std::span(&visited, 1))) return 1;
    }
    auto store = stele::sqlite_store::open("minimal.db");
    int found = 0;
    for (const auto& event : store.read_stream(stream).events()) found += event.type == visited.type ? 1 : 2;
    return found == 1 ? 0 : 1;
}
