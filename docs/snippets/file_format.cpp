// Makes a store with one event, then shows the bytes that this left in the file.

#include <stele/eventstore/metadata.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace {

// [store]
void make_store() {
    using namespace std::chrono_literals;
    const auto clock = [] { return stele::timestamp{1'700'000'000s}; };  // 2023-11-14 22:13:20 UTC
    auto store = stele::sqlite_store::open("orders.db", {.now = clock});
    const stele::event_data placed{
        .id = *stele::uuid::parse("01890a5d-ac96-774b-bcce-b302099a8057"),
        .type = "shop.OrderPlaced",
        .payload = "\x0a\x04lamp\x10\x05",  // field 1: "lamp", field 2: 5
        .metadata = stele::encode(stele::metadata{.actor = "ann"}),
    };
    const stele::stream_id order{"order-7"};
    if (!store.append(order, stele::expected_version::no_stream(), placed)) std::puts("a conflict");
}  // closing the store moves the write-ahead log into the file
// [/store]

constexpr std::size_t page_bytes = 4096;

class dump {
public:
    explicit dump(std::string bytes) : bytes_(std::move(bytes)) {}

    // Prints the next bytes of the file, and what they are.
    void show(std::size_t count, std::string_view what) {
        std::string hex;
        for (std::size_t i = 0; i < count; ++i) {
            char digits[4];
            std::snprintf(digits, sizeof digits, "%02x ", static_cast<unsigned char>(bytes_.at(at_++)));
            hex += digits;
        }
        std::printf("%-49s %.*s\n", hex.c_str(), static_cast<int>(what.size()), what.data());
    }

    void go_to(std::size_t offset) { at_ = offset; }

    // The only row of the table leaf page that holds `text`: SQLite's file format, chapter 1.6.
    void go_to_row_with(std::string_view text) {
        const auto page = bytes_.find(text) / page_bytes * page_bytes;
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes_.at(page + i)); };
        go_to(page + std::size_t{256} * byte(8) + byte(9));
    }

private:
    std::string bytes_;
    std::size_t at_ = 0;
};

dump read(const char* file) {
    std::ifstream in(file, std::ios::binary);
    return dump{std::string{std::istreambuf_iterator<char>{in}, {}}};
}

}  // namespace

int main() {
    make_store();
    auto file = read("orders.db");

    std::puts("The file header");
    file.go_to(60);
    file.show(4, "at 60: user version, the file format");
    file.go_to(68);
    file.show(4, "at 68: application id, \"STEL\"");

    std::puts("\nThe row in the table events");
    file.go_to_row_with("\x0a\x04lamp\x10\x05");
    file.show(1, "49 bytes follow the row id");
    file.show(1, "row id, which is the position: 1");
    file.show(1, "11 bytes say what the columns are, this one included:");
    file.show(1, "  position       NULL, the row id stands for it");
    file.show(3, "  stream, version, type: each the integer 1");
    file.show(1, "  id             a blob of (44 - 12) / 2 = 16 bytes");
    file.show(1, "  recorded_at    an integer of 8 bytes");
    file.show(1, "  flags          an integer of 1 byte");
    file.show(1, "  tags           NULL");
    file.show(1, "  payload        a blob of (28 - 12) / 2 = 8 bytes");
    file.show(1, "  metadata       a blob of (22 - 12) / 2 = 5 bytes");
    file.show(16, "id");
    file.show(8, "recorded_at: 1 700 000 000 000 000 microseconds");
    file.show(1, "flags: closes its append, its id is in order");
    file.show(8, "payload");
    file.show(5, "metadata: field 3 (actor), 3 bytes, \"ann\"");
}
