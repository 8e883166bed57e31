// docs/file-format.md says what the code writes: every table, every message, and the example.

#include "support/projections.hpp"
#include "support/temp_dir.hpp"

#include <stele/eventstore/hashtree/leaf.hpp>
#include <stele/eventstore/metadata.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/projections/inline/inline_projections.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

const fs::path source{STELE_SOURCE};

std::vector<std::string> lines_of_page() {
    std::ifstream in(source / "docs/file-format.md");
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    REQUIRE_FALSE(lines.empty());
    return lines;
}

// Everything in the SQL blocks.
std::string sql_of_page() {
    std::string sql;
    bool inside = false;
    for (const auto& line : lines_of_page()) {
        if (line.starts_with("```"))
            inside = line == "```sql";
        else if (inside)
            sql += line + '\n';
    }
    return sql;
}

using database = std::unique_ptr<sqlite3, decltype(&sqlite3_close)>;

database open(const fs::path& file) {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
    return {db, &sqlite3_close};
}

// The rows of a query, their columns joined by '|'.
std::vector<std::string> rows(sqlite3* db, const std::string& sql) {
    std::vector<std::string> found;
    const auto add = [](void* to, int count, char** columns, char**) {
        std::string row;
        for (int i = 0; i < count; ++i) row += (i == 0 ? "" : "|") + std::string(columns[i] ? columns[i] : "");
        static_cast<std::vector<std::string>*>(to)->push_back(row);
        return 0;
    };
    REQUIRE_MESSAGE(sqlite3_exec(db, sql.c_str(), add, &found, nullptr) == SQLITE_OK, sqlite3_errmsg(db));
    return found;
}

// The definitions in a file, except those of SQLite and of the projection of this test.
std::set<std::string> definitions(sqlite3* db) {
    const auto found = rows(db,
                            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE "
                            "'\\' AND tbl_name <> 'labels'");
    return {found.begin(), found.end()};
}

std::set<std::string> definitions(const fs::path& file) {
    return definitions(open(file).get());
}

std::string type_of(const google::protobuf::FieldDescriptor& field) {
    if (field.is_map()) {
        const auto& entry = *field.message_type();
        return fmt::format("map<{}, {}>", entry.field(0)->type_name(), entry.field(1)->type_name());
    }
    if (field.message_type() != nullptr) return field.message_type()->full_name();
    return (field.has_optional_keyword() ? "optional " : "") + std::string(field.type_name());
}

using message_fields = std::map<std::string, std::vector<std::string>>;  // message -> "1 name type"

void add_fields(const google::protobuf::Descriptor& message, message_fields& all) {
    auto& fields = all[message.full_name()];
    for (int i = 0; i < message.field_count(); ++i) {
        const auto& field = *message.field(i);
        fields.push_back(fmt::format("{} {} {}", field.number(), field.name(), type_of(field)));
    }
    for (int i = 0; i < message.nested_type_count(); ++i)
        if (!message.nested_type(i)->options().map_entry()) add_fields(*message.nested_type(i), all);
}

// Every message that the library writes, from its .proto files.
message_fields fields_in_code() {
    std::string files;
    for (const auto& wing : fs::directory_iterator(source / "include/stele")) {
        const auto sources = source / wing.path().filename();
        if (!fs::is_directory(sources)) continue;
        for (const auto& entry : fs::recursive_directory_iterator(sources))
            if (entry.path().extension() == ".proto") files += fmt::format(" '{}'", entry.path().string());
    }
    const temp_dir directory;
    const auto output = directory / "messages";
    const auto command = fmt::format("'{}' --proto_path='{}' --include_imports --descriptor_set_out='{}'{}",
                                     STELE_PROTOC, source.string(), output.string(), files);
    REQUIRE(std::system(command.c_str()) == 0);

    google::protobuf::FileDescriptorSet set;
    std::ifstream in(output, std::ios::binary);
    REQUIRE(set.ParseFromIstream(&in));
    google::protobuf::DescriptorPool pool;
    message_fields all;
    for (const auto& file : set.file()) {
        const auto* known = pool.BuildFile(file);
        REQUIRE(known != nullptr);
        if (known->package() != "stele.v1") continue;
        for (int i = 0; i < known->message_type_count(); ++i) add_fields(*known->message_type(i), all);
    }
    return all;
}

std::vector<std::string> cells_of(const std::string& row) {
    std::vector<std::string> cells;
    std::stringstream in(row.substr(1));
    for (std::string cell; std::getline(in, cell, '|');) {
        std::erase(cell, '`');
        const auto begin = cell.find_first_not_of(' ');
        cells.push_back(begin == std::string::npos ? "" : cell.substr(begin, cell.find_last_not_of(' ') - begin + 1));
    }
    return cells;
}

message_fields fields_in_page() {
    message_fields all;
    std::string message;
    for (const auto& line : lines_of_page()) {
        if (!line.starts_with("|")) {
            message.clear();
            continue;
        }
        const auto cells = cells_of(line);
        if (line.starts_with("| `stele.v1."))
            message = cells.at(0);
        else if (!message.empty() && !line.starts_with("|---"))
            all[message].push_back(fmt::format("{} {} {}", cells.at(0), cells.at(1), cells.at(2)));
    }
    return all;
}

}  // namespace

TEST_CASE("the page has every table and index that the code creates, and no other") {
    const auto page = open(":memory:");
    rows(page.get(), sql_of_page());

    const temp_dir directory;
    {
        auto store = stele::sqlite_store::open(directory / "events.db");
        stele::inline_projections applied{store};
        applied.add<testing::labels>();
    }
    {
        auto store = stele::sqlite_store::open(directory / "others.db");
        stele::projection_runner runner{store, directory / "read"};
        runner.add<testing::labels>();
        std::stop_source stop;
        stop.request_stop();
        // An unfinished rebuild leaves a shadow.
        REQUIRE(runner.rebuild<testing::labels>({.stop = stop.get_token()}) == stele::rebuild_result::stopped);
    }
    auto made = definitions(directory / "events.db");
    made.merge(definitions(directory / "read/labels.2.db"));
    CHECK(definitions(page.get()) == made);

    CHECK(rows(open(directory / "events.db").get(), "PRAGMA application_id; PRAGMA user_version") ==
          std::vector<std::string>{fmt::format("{}", 0x5354454C), "2"});
    CHECK(rows(open(directory / "read/labels.1.db").get(), "PRAGMA application_id; PRAGMA user_version") ==
          std::vector<std::string>{fmt::format("{}", 0x53544C52), "1"});
}

TEST_CASE("the page has every field of every message that the code writes, and no other") {
    const auto in_code = fields_in_code();
    const auto in_page = fields_in_page();
    CHECK(in_code.size() > 10);
    for (const auto& [message, fields] : in_code) {
        INFO(message);
        const auto found = in_page.find(message);
        REQUIRE(found != in_page.end());
        CHECK(found->second == fields);
    }
    CHECK(in_page.size() == in_code.size());
}

TEST_CASE("the store of the example holds what the page says") {
    const temp_dir directory;
    const stele::metadata about{.actor = "ann"};
    {
        auto store = stele::sqlite_store::open(directory / "orders.db");
        const stele::event_data placed{.type = "shop.OrderPlaced", .payload = "…", .metadata = stele::encode(about)};
        REQUIRE(store.append(stele::stream_id{"order-7"}, stele::expected_version::no_stream(), std::span(&placed, 1)));
    }
    const auto db = open(directory / "orders.db");
    const auto found =
        rows(db.get(),
             "SELECT printf('streams            id %d, name ''%s'', removed_up_to %d, state %d', id, name, "
             "removed_up_to, state) FROM streams; "
             "SELECT printf('types              id %d, name ''%s''', id, name) FROM types; "
             "SELECT printf('type_blocks        type %d, block %d', type, block) FROM type_blocks; "
             "SELECT printf('stele_merge        merged_up_to %d, merging_up_to %d: the event is in no index yet', "
             "merged_up_to, merging_up_to) FROM stele_merge; "
             "SELECT printf('stele_open_leaves  position %d, the leaf of the event', position) FROM stele_open_leaves; "
             "SELECT printf('stele_store        name ''%s'', %d random bytes', name, length(value)) FROM stele_store; "
             "SELECT 'the others         (empty)' WHERE NOT EXISTS (SELECT 1 FROM documents) AND NOT EXISTS "
             "(SELECT 1 FROM stele_stream_runs) AND NOT EXISTS (SELECT 1 FROM stele_id_blocks)");
    CHECK(found.size() == 7);
    const auto page = lines_of_page();
    for (const auto& line : found) CHECK_MESSAGE(std::ranges::find(page, line) != page.end(), line);

    CHECK(stele::decode_metadata("\x1a\x03"
                                 "ann") == about);
    CHECK(rows(db.get(), "SELECT hex(metadata) FROM events") == std::vector<std::string>{"1A03616E6E"});
}

TEST_CASE("the leaf on the page is that of its event") {
    const auto id = stele::uuid::parse("01890a5d-ac96-774b-bcce-b302099a8057");
    REQUIRE(id);
    stele::owned_event placed;
    placed.position = {1};
    placed.version = {1};
    placed.recorded_at = stele::timestamp{std::chrono::seconds{1'700'000'000}};
    placed.id = *id;
    placed.stream = "order-7";
    placed.type = "shop.OrderPlaced";
    placed.payload = "\x0a\x04lamp\x10\x05";
    placed.metadata = stele::encode(stele::metadata{.actor = "ann"});
    const auto leaf = stele::leaf_hash(placed.view()).str();
    const auto page = lines_of_page();
    CHECK(std::ranges::any_of(page, [&](const auto& line) { return line.contains("`" + leaf + "`"); }));
}
