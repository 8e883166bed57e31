// A store file with bytes changed or cut off: it opens and reads, or it is refused with our own error. Appending to it
// does not harm the process either.
//
// The input is a list of changes to a valid store: three bytes of offset (modulo the size) and one of value; an offset
// of 0xFFFFFF truncates the file after value * 256 bytes. So the fuzzer need not invent an SQLite file.

#include "support/temp_dir.hpp"

#include <stele/eventstore/error.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

std::string whole_store(const std::filesystem::path& file) {
    {
        auto store = stele::sqlite_store::open(file, {.durability = stele::durability::normal});
        for (int i = 0; i < 6; ++i) {
            std::vector<stele::event_data> events(3);
            for (auto& event : events) {
                event.type = i % 2 == 0 ? "test.Even" : "test.Odd";
                event.payload = std::string(static_cast<std::size_t>(i) * 20, 'x');
            }
            if (!store.append(stele::stream_id("s", std::to_string(i % 3)), stele::expected_version::any(), events))
                std::abort();
        }
        if (!store.truncate_stream(stele::stream_id("s-1"), stele::version{3})) std::abort();
    }
    std::stringstream bytes;
    bytes << std::ifstream(file, std::ios::binary).rdbuf();
    return bytes.str();
}

void change(std::string& bytes, const std::uint8_t* data, std::size_t size) {
    for (std::size_t i = 0; i + 4 <= size && !bytes.empty(); i += 4) {
        const auto place = std::size_t{data[i]} << 16 | std::size_t{data[i + 1]} << 8 | data[i + 2];
        if (place == 0xFFFFFF)
            bytes.resize(std::min(bytes.size(), std::size_t{data[i + 3]} * 256));
        else
            bytes[place % bytes.size()] = static_cast<char>(data[i + 3]);
    }
}

void use(const std::filesystem::path& file) {
    auto store = stele::sqlite_store::open(file, {.durability = stele::durability::normal});
    const stele::event_query filter{.stream_prefixes = {"s-"}, .types = {"test.Odd"}};
    std::size_t bytes = 0;
    for (const auto& event : store.read_all({.filter = filter}).events()) bytes += event.payload.size();
    for (const auto& event : store.read_stream(stele::stream_id("s-2")).events()) bytes += event.payload.size();
    const std::vector<stele::event_data> events{{.type = "test.New", .payload = std::to_string(bytes)}};
    (void)store.append(stele::stream_id("s-0"), stele::expected_version::any(), events);
    for (const auto& batch : store.read_all()) bytes += batch.size_bytes();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const temp_dir directory;
    static const std::string whole = whole_store(directory / "whole.db");
    auto bytes = whole;
    change(bytes, data, size);
    const auto file = directory / "changed.db";
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + suffix);
    std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    try {
        use(file);
    } catch (const stele::error& refusal) {
        if (std::string_view(refusal.what()).empty()) std::abort();
    }
    return 0;
}
