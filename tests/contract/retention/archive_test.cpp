// What an archive holds, whenever the run that writes it is interrupted, and what is refused.

#include "contract/retention/archived.hpp"
#include "support/errors.hpp"
#include "support/in_child.hpp"
#include "support/spy_store.hpp"

#include <stele/eventstore/metadata.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace fs = std::filesystem;
using stele::error_kind;
using stele::retention_policy;
using stele::stream_id;
using namespace testing;

namespace {

const std::vector<retention_policy> all_but_two{{.category = "s", .keep_events = 2}};

void fill(stele::event_store& store) {
    append(store, "s-1", 7);
    append(store, "s-2", 3);
    append(store, "t-1", 3);
    append(store, "s-3", 9);
}

stele::retention_report archive_to(stele::event_store& store, const fs::path& file) {
    return stele::apply_retention(store, all_but_two, {.archive = file, .events_per_commit = 3});
}

/// What a run with that archive is refused with; it must leave the store and the file as they are.
caught refusal(stele::event_store& store, const fs::path& file) {
    const auto before = events_of(store);
    const auto content = fs::is_regular_file(file) ? content_of(file) : "";
    const auto thrown = error_of([&] { archive_to(store, file); });
    CHECK(events_of(store) == before);
    if (fs::is_regular_file(file)) CHECK(content_of(file) == content);
    return thrown;
}

void check_all_there(stele::event_store& store, const fs::path& file, const event_map& before) {
    auto both = events_of(file);
    CHECK(stele::verify_archive(file).events == both.size());
    const auto rest = events_of(store);
    CHECK(both.size() + rest.size() == before.size());
    both.insert(rest.begin(), rest.end());
    CHECK(both == before);
}

}  // namespace

STORE_TEST_CASE(store, "an archive returns events exactly as they were stored") {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    const std::vector<stele::event_data> events{
        {.type = "a\"\\<b>\u00E9", .payload = "", .metadata = ""},
        {.type = "a.B",
         .payload = bytes,
         .metadata = stele::encode(stele::metadata{.actor = "ann", .headers = {{"k", "v"}}})},
        {.type = "a.B", .payload = std::string(300'000, 'x'), .metadata = bytes},
        {.type = "a.B", .payload = "1", .metadata = ""},
        {.type = "a.B", .payload = "2", .metadata = ""},
        {.type = "a.B", .payload = "3", .metadata = ""},
    };
    const stream_id stream{"odd-\u00E9 \"'{}\\<>"};
    REQUIRE(store->append(stream, stele::expected_version::any(), events));
    const auto before = events_of(*store);
    const temp_dir directory;
    const auto file = directory / "odd";
    const auto deep = [](int depth) {
        std::string json;
        for (int i = 0; i < depth; ++i) json += "{\"a\":";
        return json + "1" + std::string(static_cast<std::size_t>(depth), '}');
    };
    // For people; where it is none of that it is left out.
    const std::vector<std::string> json{
        R"({"sum":"x","payload":{}})", "{\"a\":\n1}", "no JSON", deep(1000), "{\"a\":1", "{}},{"};
    const auto report = stele::apply_retention(
        *store, {{.stream = stream.str(), .keep_events = 0}},
        {.archive = file, .archive_json = [&](const stele::recorded_event& e) { return json[e.version.value - 1]; }});
    CHECK(report.events_archived == events.size());
    CHECK(events_of(*store).empty());
    CHECK(events_of(file) == before);
    const auto content = content_of(file);
    CHECK(content.contains(R"("payload":{"sum":"x","payload":{}},"sum":")"));
    CHECK(std::ranges::count(content, '\n') == 7);
    const auto info = stele::verify_archive(file);
    CHECK(info.events == 6);
    CHECK(info.streams == 1);
    CHECK(info.bytes == content.size());
    CHECK(info.torn_bytes == 0);
    CHECK_FALSE(info.id.is_nil());
    CHECK((fs::status(file).permissions() & fs::perms::all) == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("times of any year are archived") {
    for (const auto time : {stele::timestamp::min(), stele::timestamp{}, stele::timestamp::max(),
                            stele::timestamp{std::chrono::microseconds{-62'135'596'800'000'001}},
                            stele::timestamp{std::chrono::microseconds{-62'135'596'799'999'999}},
                            stele::timestamp{std::chrono::microseconds{253'402'300'799'999'999}},
                            stele::timestamp{std::chrono::microseconds{1'769'860'800'000'250}}}) {
        stele::memory_store store{{}, [&] { return time; }};
        append(store, "s-1", 3);
        const auto before = events_of(store);
        const temp_dir directory;
        archive_to(store, directory / "a");
        check_all_there(store, directory / "a", before);
    }
}

namespace {

void check_interruptions(contract_store& store) {
    spy_store spy{*store};
    std::uint64_t left = 0;
    const auto step = [&] {
        if (--left == 0) throw stele::error(error_kind::io, "interrupted");
    };
    const temp_dir directory;
    int interruptions = 0;
    for (std::uint64_t nth = 1;; ++nth) {
        fill(*store);
        const auto file = directory / std::to_string(nth);
        const auto before = events_of(*store);
        left = nth;
        spy.before_document_write = spy.before_remove = step;
        bool ended = false;
        try {
            stele::apply_retention(spy, all_but_two,
                                   {.archive = file,
                                    .archive_json =
                                        [&](const auto&) {
                                            step();
                                            return std::string{"{}"};
                                        },
                                    .events_per_commit = 3,
                                    .on_stream = [&](const auto&, const auto&) { step(); }});
            ended = true;
        } catch (const stele::error& fault) {
            CHECK(std::string{fault.what()} == "interrupted");
            ++interruptions;
        }
        spy.before_document_write = spy.before_remove = [] {};
        if (!ended) {
            auto both = fs::exists(file) ? events_of(file) : event_map{};
            const auto rest = events_of(*store);
            both.insert(rest.begin(), rest.end());
            CHECK(both == before);
        }
        // With another policy: what is in the archive goes, nothing else.
        const auto archived = events_of(file);
        stele::apply_retention(*store, {{.stream = "t-1", .keep_events = 1000}}, {.archive = file});
        CHECK(events_of(file) == archived);
        check_all_there(*store, file, before);
        CHECK(archive_to(*store, file).complete);
        check_all_there(*store, file, before);
        CHECK(store->find_stream(stream_id{"s-3"}).version.value + 1 ==
              store->find_stream(stream_id{"s-3"}).first->version.value + 2);
        if (ended) break;
    }
    CHECK(interruptions > 30);
}

}  // namespace

TEST_CASE("a run that is interrupted at any step is continued by the next one") {
    for_tiny_batches(check_interruptions);
}

TEST_CASE("a line that was not written completely is cut off, wherever it ends") {
    stele::memory_store store;
    fill(store);
    const temp_dir directory;
    const auto file = directory / "a";
    // Written and not removed: what a kill leaves before the first removal.
    spy_store spy{store};
    spy.before_remove = [] { throw stele::error(error_kind::io, "interrupted"); };
    const auto before = events_of(store);
    CHECK_THROWS(archive_to(spy, file));
    const auto content = content_of(file);
    const auto noted = content.find('\n') + 1;
    REQUIRE(content.size() > noted + 400);
    for (auto size = noted; size <= content.size(); size += 5) {
        write_content(file, content.substr(0, size));
        const auto info = stele::verify_archive(file);
        CHECK(info.bytes + info.torn_bytes == size);
        CHECK(events_of(file).size() == info.events);
        // Continued and interrupted again: the same lines.
        CHECK_THROWS(archive_to(spy, file));
        CHECK(events_of(store) == before);
        CHECK(stele::verify_archive(file).torn_bytes == 0);
        CHECK(events_of(file).size() >= info.events);
    }
    write_content(file, content + std::string(5000, '\0'));
    CHECK(stele::verify_archive(file).torn_bytes == 5000);
    archive_to(store, file);
    check_all_there(store, file, before);
    // The first line.
    for (std::size_t size = 0; size < noted; ++size)
        for (const auto zeros : std::vector<std::size_t>{0, 100}) {
            CAPTURE(size);
            const auto other = directory / "b";
            write_content(other, content.substr(0, size) + std::string(zeros, '\0'));
            CHECK(stele::verify_archive(other).events == 0);
            append(store, "s-1", 1);
            const auto now = events_of(store);
            archive_to(store, other);
            check_all_there(store, other, now);
        }
}

TEST_CASE("each changed byte of an archive is noticed, and so is a missing end") {
    stele::memory_store store;
    fill(store);
    const temp_dir directory;
    const auto file = directory / "a";
    archive_to(store, file);
    append(store, "s-1", 5);
    const auto content = content_of(file);
    for (std::size_t i = 0; i < content.size(); i += i + 40 < content.size() ? 5 : 1) {
        auto changed = content;
        changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 7)));
        write_content(file, changed);
        const auto refused = refusal(store, file).kind;
        CHECK_MESSAGE((refused == error_kind::corrupt || refused == error_kind::foreign_file), i);
        if (i == content.size() - 1) continue;  // the last newline: a line that is not complete
        CHECK_THROWS_AS((void)stele::verify_archive(file), stele::error);
    }
    for (std::size_t size = content.find('\n') + 1; size < content.size(); size += 13) {
        write_content(file, content.substr(0, size));
        const auto refused = refusal(store, file);
        CHECK(refused.kind == error_kind::corrupt);
        CHECK(refused.says("give a new archive"));
    }
    // A line twice, and one that is missing.
    const auto second = content.find('\n') + 1;
    const auto third = content.find('\n', second) + 1;
    for (const auto& changed :
         {content + content.substr(second, third - second), content.substr(0, second) + content.substr(third)}) {
        write_content(file, changed);
        CHECK(refusal(store, file).kind == error_kind::corrupt);
    }
    write_content(file, content);
    CHECK(archive_to(store, file).events_removed == 5);
}

namespace {

void check_refusals(contract_store& store) {
    fill(*store);
    const temp_dir directory;
    const auto file = directory / "a";
    archive_to(*store, file);
    append(*store, "s-1", 5);
    stele::memory_store other;
    fill(other);
    const auto refused = refusal(other, file);
    CHECK(refused.kind == error_kind::other_store);
    CHECK(refused.says("this store knows nothing of it"));

    for (const auto* const text : {"notes", "{}", "{\n", "{\"stele_archive\"}\n", "{\"stele_archive\":2",
                                   "{\"stele_archive\":1,\"id\":\"x", "\n", "[1]\n{}\n", "SQLite format 3\n"}) {
        write_content(directory / "notes", text);
        CHECK(refusal(*store, directory / "notes").kind == error_kind::foreign_file);
        CHECK_THROWS_AS((void)stele::verify_archive(directory / "notes"), stele::error);
    }
    write_content(directory / "notes", std::string(3UL << 20, 'x'));
    CHECK(refusal(*store, directory / "notes").kind == error_kind::foreign_file);
    fs::create_directory(directory / "folder");
    fs::create_symlink(file, directory / "link");
    CHECK(refusal(*store, directory / "folder").kind == error_kind::foreign_file);
    CHECK(refusal(*store, directory / "link").kind == error_kind::foreign_file);
    CHECK(refusal(*store, directory / "none" / "a").kind == error_kind::io);
    CHECK(refusal(*store, std::string{"a\0b", 3}).kind == error_kind::invalid_argument);
    CHECK(error_of([&] { (void)stele::read_archive(directory / "none"); }).kind == error_kind::io);
    CHECK_FALSE(fs::exists(directory / "none"));

    // A note in the store that nobody has written.
    const auto id = stele::verify_archive(file).id;
    const auto note = store->find_document("archive", id.as_bytes());
    REQUIRE(note);
    for (const auto* const value : {"no note", "", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"}) {
        const std::vector<stele::document_write> wrong{
            {.kind = "archive", .key = std::string{id.as_bytes()}, .value = value}};
        REQUIRE(store->append({}, wrong));
        CHECK(refusal(*store, file).kind == error_kind::corrupt);
    }
    const std::vector<stele::document_write> right{{.kind = "archive", .key = note->key, .value = note->value}};
    REQUIRE(store->append({}, right));

    // While one run writes it, no other does; and one whose file disappears ends before it removes more.
    int calls = 0;
    const auto moved = error_of([&] {
        stele::apply_retention(*store, all_but_two,
                               {.archive = file, .archive_json = [&](const auto&) {
                                    if (++calls == 1) {
                                        CHECK(error_of([&] { archive_to(*store, file); }).kind == error_kind::busy);
                                        fs::rename(file, directory / "moved");
                                    }
                                    return std::string{};
                                }});
    });
    CHECK(moved.kind == error_kind::io);
    CHECK(moved.says("was moved, removed or replaced"));
    CHECK(store->find_stream(stream_id{"s-1"}).version.value == 12);
    CHECK(store->find_stream(stream_id{"s-1"}).first->version.value == 6);
    fs::rename(directory / "moved", file);
    CHECK(archive_to(*store, file).complete);
    CHECK(events_of(file).size() == 18);
    CHECK(events_of(*store).size() == 9);
}

}  // namespace

TEST_CASE("what is no archive of this store is refused and left as it is") {
    for_tiny_batches(check_refusals);
}

TEST_CASE("a newer archive is left to newer versions") {
    const temp_dir directory;
    stele::memory_store store;
    fill(store);
    archive_to(store, directory / "a");
    // A line with a right sum, as a newer version writes it: CRC-32 of {"stele_archive":2
    write_content(directory / "a", "{\"stele_archive\":2,\"sum\":\"915ef215\"}\n");
    CHECK(refusal(store, directory / "a").kind == error_kind::newer_format);
    CHECK(error_of([&] { (void)stele::read_archive(directory / "a"); }).kind == error_kind::newer_format);
}

TEST_CASE("a store that was restored from a backup keeps on with its archive, or is told apart from it") {
    const temp_dir directory;
    const auto file = directory / "a";
    const auto open = [&](const char* name) { return stele::sqlite_store::open(directory / name); };
    auto store = open("events.db");
    fill(store);
    store.backup(directory / "before.db");
    archive_to(store, file);
    append(store, "s-1", 5);
    append(store, "s-4", 5);
    const auto known = events_of(store).size() + events_of(file).size();
    store.backup(directory / "known.db");
    archive_to(store, file);
    append(store, "s-4", 4);
    store.backup(directory / "later.db");
    const auto content = content_of(file);
    {
        auto restored = open("before.db");
        CHECK(refusal(restored, file).kind == error_kind::other_store);
    }
    {
        auto restored = open("known.db");
        const auto report = archive_to(restored, file);
        CHECK(report.events_archived == 0);
        CHECK(report.events_removed == 8);
        CHECK(content_of(file) == content);
        CHECK(events_of(restored).size() + events_of(file).size() == known);
    }
    archive_to(store, file);  // events that are not in known.db
    {
        auto restored = open("known.db");
        append(restored, "s-4", 1);
        const auto refused = refusal(restored, file);
        CHECK(refused.kind == error_kind::other_store);
        CHECK(refused.says("which this store has never had"));
        append(restored, "s-4", 1);
        CHECK(refusal(restored, file).says("other events of stream 's-4'"));
    }
    auto restored = open("later.db");
    append(restored, "s-4", 1);
    CHECK(archive_to(restored, file).events_archived == 1);
    CHECK(stele::verify_archive(file).events == 26);
}

TEST_CASE("a run over a restored store removes only what the archive holds, whatever is missing in it") {
    // Nine events in three parts: each is removed by way of the archive, or without it.
    for (unsigned archived = 0; archived < 8; ++archived) {
        CAPTURE(archived);
        const temp_dir directory;
        const auto file = directory / "a";
        const std::vector<retention_policy> other{{.stream = "t-1", .keep_events = 0}};
        {
            auto store = stele::sqlite_store::open(directory / "events.db");
            stele::apply_retention(store, other, {.archive = file});
            append(store, "s-1", 9);
            store.backup(directory / "backup.db");
            for (unsigned part = 0; part < 3; ++part) {
                const auto way = (archived >> part & 1U) != 0 ? file : fs::path{};
                stele::apply_retention(store,
                                       {{.stream = "s-1", .keep_events = 0, .up_to = stele::position{3 * (part + 1)}}},
                                       {.archive = way});
            }
            REQUIRE(events_of(store).empty());
        }
        auto restored = stele::sqlite_store::open(directory / "backup.db");
        const auto before = events_of(restored);
        const bool has_gap = (archived & (archived + 1)) != 0;
        if (has_gap) {
            const auto refused = refusal(restored, file);
            CHECK(refused.kind == error_kind::other_store);
            CHECK(refused.says("but not version"));
        } else {
            stele::apply_retention(restored, other, {.archive = file});
            check_all_there(restored, file, before);
        }
    }
}

TEST_CASE("a full disk leaves the events in the store, and the next run continues") {
    const temp_dir directory;
    const auto file = directory / "a";
    CHECK(in_child([&] {
              stele::memory_store store;
              for (int i = 0; i < 30; ++i) append(store, "s-" + std::to_string(i), 20);
              const auto before = events_of(store);
              std::signal(SIGXFSZ, SIG_IGN);
              rlimit limit{};
              ::getrlimit(RLIMIT_FSIZE, &limit);
              const auto set = [&](rlim_t bytes) {
                  const rlimit now{bytes, limit.rlim_max};
                  ::setrlimit(RLIMIT_FSIZE, &now);
              };
              int full = 0;
              for (rlim_t bytes = 0; bytes < 200'000; bytes += bytes < 400 ? 7 : 3001) {
                  set(bytes);
                  try {
                      archive_to(store, file);
                  } catch (const stele::error& fault) {
                      if (fault.kind() != error_kind::full) return std::string{fault.what()};
                      ++full;
                  }
              }
              set(limit.rlim_cur);
              archive_to(store, file);
              const auto rest = events_of(store);
              auto both = events_of(file);
              if (both.size() + rest.size() != before.size() || full < 10) return std::string{"events are missing"};
              both.insert(rest.begin(), rest.end());
              return std::string{both == before ? "all there" : "events were changed"};
          }) == "all there");
}

TEST_CASE("an archive that may not be written is refused before anything is done") {
    const temp_dir directory;
    const auto file = directory / "a";
    stele::memory_store store;
    fill(store);
    archive_to(store, file);
    append(store, "s-1", 5);
    fs::permissions(file, fs::perms::owner_read);
    if (::access(file.c_str(), W_OK) == 0) return;  // root may
    CHECK(refusal(store, file).kind == error_kind::io);
    fs::permissions(file, fs::perms::none);
    CHECK(refusal(store, file).kind == error_kind::io);
}
