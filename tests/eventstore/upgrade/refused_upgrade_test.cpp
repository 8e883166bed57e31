// Whatever keeps a store of format 1 from being upgraded: it says so, and nothing is changed.

#include "support/errors.hpp"
#include "support/in_child.hpp"
#include "support/upgrade/upgrades.hpp"

#include <stele/eventstore/sqlite/detail/file_lock.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>
#include <stele/projections/sql/read_model.hpp>

#include <doctest/doctest.h>
#include <unistd.h>

#include <map>
#include <stdexcept>

using namespace testing;
using namespace std::chrono_literals;
using stele::error_kind;
namespace fs = std::filesystem;

namespace {

const stele::sqlite_options at_once{.connection = {.busy_timeout = 0ms}};

std::map<std::string, std::string> files_of(const old_file& old) {
    std::map<std::string, std::string> all;
    for (const auto& name : old.names())
        if (name != "bank.db-lock" && fs::is_regular_file(old.directory / name))
            all[name] = bytes_of(old.directory / name);
    return all;
}

caught refused(const old_file& old, const stele::sqlite_options& options = at_once) {
    const auto before = files_of(old);
    auto told = error_of([&] { old.upgrade(options); });
    CHECK(files_of(old) == before);
    return told;
}

}  // namespace

TEST_CASE("a store of format 1 is left as it is if the options say so, or if it is opened to read it") {
    const old_file old;
    const auto never = refused(old, {.upgrade = stele::upgrade::never});
    CHECK(never.kind == error_kind::needs_upgrade);
    CHECK(never.says("sqlite_store::open upgrades it"));
    const auto before = files_of(old);
    CHECK(error_of([&] { (void)stele::sqlite_store::open(old.file, {.upgrade = stele::upgrade::never}); }).kind ==
          error_kind::needs_upgrade);
    CHECK(error_of([&] { (void)stele::sqlite_store::open_read_only(old.file); }).kind == error_kind::needs_upgrade);
    CHECK(error_of([&] { (void)stele::read_model::open_read_only(old.file); }).kind == error_kind::needs_upgrade);
    CHECK(files_of(old) == before);
    CHECK(old.names() == std::vector<std::string>{"bank.db"});
}

TEST_CASE("a store that another program has open is busy") {
    const old_file old;
    SUBCASE("one without the library") {
        const plain_database other(old.file);
        CHECK(other.integer("SELECT count(*) FROM events") > 0);
        const auto told = error_of([&] { old.upgrade(at_once); });
        CHECK(told.kind == error_kind::busy);
        CHECK(told.says("end every program that uses it"));
        other.execute("UPDATE documents SET value = x'00'");  // it goes on
    }
    SUBCASE("one with the library") {
        stele::detail::file_lock lock(old.file.string() + "-lock", fs::perms::owner_all);
        REQUIRE(lock.mark_open());
        CHECK(refused(old).kind == error_kind::busy);
    }
    SUBCASE("one that writes") {
        stele::detail::file_lock lock(old.file.string() + "-lock", fs::perms::owner_all);
        lock.lock(0ms);
        const auto told = refused(old);
        CHECK(told.kind == error_kind::busy);
        CHECK(told.says("may be being upgraded"));
    }
    CHECK(format_of(old.file) == 1);
    CHECK_FALSE(fs::exists(old.kept()));
    old.upgrade();
    CHECK(format_of(old.file) == 2);
}

TEST_CASE("an upgrade waits for those who are about to close the store") {
    const old_file old;
    const auto before = contents(old.file);
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    child other([&] {
        const plain_database db(old.file);
        static_cast<void>(db.integer("SELECT count(*) FROM events"));
        static_cast<void>(!::write(ends[1], "x", 1));
        ::usleep(200'000);  // longer than the upgrade takes to see that it is open
        return std::string("closed");
    });
    char told = 0;
    REQUIRE(::read(ends[0], &told, 1) == 1);
    old.upgrade({.connection = {.busy_timeout = 60s}});
    CHECK(other.answer() == "closed");
    CHECK(contents(old.file) == before);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("of processes that upgrade a store at the same instant one does it, and the others find it done") {
    for (int round = 0; round < 10; ++round) {
        const old_file old;
        const auto before = contents(old.file);
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        const auto work = [&] {
            char go = 0;
            ::close(ends[1]);
            static_cast<void>(!::read(ends[0], &go, 1));  // until the other end is closed
            int phases = 0;
            old.upgrade({.connection = {.busy_timeout = 60s}, .on_upgrade = [&](const auto&) { ++phases; }});
            return std::string(phases > 0 ? "upgraded" : "found");
        };
        child first(work);
        child second(work);
        child third(work);
        ::close(ends[1]);
        std::vector answers{first.answer(), second.answer(), third.answer()};
        std::ranges::sort(answers);
        CHECK(answers == std::vector<std::string>{"found", "found", "upgraded"});
        CHECK(contents(old.file) == before);
        CHECK(problem_with_indices(old.file) == "");
        ::close(ends[0]);
    }
}

TEST_CASE("a damaged store is not upgraded") {
    const auto damage = [](const std::string& sql) {
        const old_file old;
        plain_database(old.file).execute(sql);
        const auto told = refused(old);
        CHECK(told.kind == error_kind::corrupt);
        CHECK(told.says("bank.db: "));
        CHECK(told.says("nothing was changed"));
    };
    SUBCASE("an event is missing") {
        damage("DELETE FROM events WHERE position = 5");
    }
    SUBCASE("the last event is missing") {
        damage("DELETE FROM events WHERE position = (SELECT max(position) FROM events)");
    }
    SUBCASE("a version is another one") {
        damage("UPDATE events SET version = 1000 WHERE position = 5");
    }
    SUBCASE("an id is too long") {
        damage("UPDATE events SET id = CAST(id || x'00' AS BLOB) WHERE position = 5");
    }
    SUBCASE("the last event does not close its append") {
        damage("UPDATE events SET closes_append = 0 WHERE position = (SELECT max(position) FROM events)");
    }
    SUBCASE("a stream is missing") {
        damage("DELETE FROM streams WHERE id = 1");
    }
    SUBCASE("a document comes from the future") {
        damage("UPDATE documents SET position = 1000000");
    }
    SUBCASE("somebody has added a trigger") {
        damage("CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM documents; END");
    }
    SUBCASE("a definition is another one") {
        damage(
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'removed_up_to', "
            "'removed_xx_to') "
            "WHERE name = 'streams'");
    }
}

TEST_CASE("a page that cannot be read keeps a store from being upgraded") {
    for (const std::size_t page : {1UL, 4UL, 6UL, 9UL}) {
        const old_file old;
        {
            std::fstream file(old.file, std::ios::binary | std::ios::in | std::ios::out);
            file.seekp(static_cast<std::streamoff>(page * 4096));
            file << std::string(512, '\x77');
        }
        const auto told = refused(old);
        CHECK_MESSAGE(told.kind == error_kind::corrupt, told.message);
        CHECK(told.says("nothing was changed"));
    }
}

TEST_CASE("a file in the way of the old one is not replaced") {
    const old_file old;
    SUBCASE("any file") {
        std::ofstream(old.kept()) << "mine";
        const auto told = refused(old);
        CHECK(told.kind == error_kind::needs_upgrade);
        CHECK(told.says("bank.db.format-1"));
        CHECK(told.says("move that one away"));
    }
    SUBCASE("a directory") {
        fs::create_directory(old.kept());
        CHECK(refused(old).kind == error_kind::needs_upgrade);
    }
    SUBCASE("an earlier state of the store") {
        fs::copy_file(old.file, old.kept());
        plain_database(old.file).execute(
            "UPDATE documents SET value = x'00' WHERE position = (SELECT min(position) FROM documents)");
        CHECK(refused(old).kind == error_kind::needs_upgrade);
    }
    SUBCASE("another store") {
        const old_file other([](auto& store) { store.append("other-1", 3); });
        fs::copy_file(other.file, old.kept());
        CHECK(refused(old).kind == error_kind::needs_upgrade);
    }
    CHECK(format_of(old.file) == 1);
}

TEST_CASE("an upgrade that was killed in its last moment is ended") {
    const old_file old;
    const auto before = contents(old.file);
    SUBCASE("the old file has both names") {
        fs::create_hard_link(old.file, old.kept());
    }
    SUBCASE("the old file was copied, as on a file system without hard links") {
        fs::copy_file(old.file, old.kept());
    }
    old.upgrade();
    CHECK(contents(old.file) == before);
    CHECK(contents(old.kept()) == before);
    CHECK(fs::hard_link_count(old.file) == 1);
    CHECK(fs::hard_link_count(old.kept()) == 1);
}

TEST_CASE("what a killed upgrade has left is removed, and nothing else") {
    const old_file old;
    const std::vector<std::string> left{"bank.db.format-2.partial", "bank.db.format-2.partial-journal",
                                        "bank.db.format-2.others", "bank.db.format-2.others-wal",
                                        "bank.db.format-1.partial"};
    const std::vector<std::string> others{"bank.db.format-2", "bank.db.format-2.partial.old",
                                          "bank.db.format-3.partial", "bank.db.partial", "other.db.format-2.partial"};
    for (const auto* const names : {&left, &others})
        for (const auto& name : *names) std::ofstream(old.directory / name) << "left";
    old.upgrade();
    for (const auto& name : left) CHECK_FALSE(fs::exists(old.directory / name));
    for (const auto& name : others) CHECK(bytes_of(old.directory / name) == "left");
}

TEST_CASE("a directory in the place of the new file is refused and left") {
    const old_file old;
    fs::create_directories(old.directory / "bank.db.format-2.partial");
    const auto told = refused(old);
    CHECK(told.kind == error_kind::foreign_file);
    CHECK(told.says("bank.db.format-2.partial"));
    CHECK(fs::is_directory(old.directory / "bank.db.format-2.partial"));
}

TEST_CASE("a name that belongs to the library keeps a store from being upgraded") {
    const old_file old([](auto& store) {
        fill_old_store(store);
        store.db().execute("CREATE TABLE Stele_Tags (mine)");
    });
    const auto told = refused(old);
    CHECK(told.kind == error_kind::needs_upgrade);
    CHECK(told.says("table Stele_Tags"));
}

TEST_CASE("an upgrade can be stopped in each phase, and whoever is told may end it") {
    for (const auto phase : {stele::upgrade_phase::check, stele::upgrade_phase::copy, stele::upgrade_phase::convert,
                             stele::upgrade_phase::index, stele::upgrade_phase::hash, stele::upgrade_phase::verify}) {
        const old_file old([](auto& store) {
            fill_old_store(store);
            add_others(store);
        });
        const auto before = contents(old.file);
        std::stop_source stop;
        const auto stopped = refused(old, {.on_upgrade =
                                               [&](const auto& now) {
                                                   if (now.phase == phase && now.done > 0) stop.request_stop();
                                               },
                                           .stop_upgrade = stop.get_token()});
        CHECK(stopped.kind == error_kind::closed);
        CHECK(stopped.says("was stopped"));
        const auto throws = [&](const auto& now) {
            if (now.phase == phase) throw std::runtime_error("enough");
        };
        const auto files = files_of(old);
        CHECK_THROWS_AS(old.upgrade({.on_upgrade = throws}), std::runtime_error);
        CHECK(files_of(old) == files);
        old.upgrade();
        CHECK(contents(old.file) == before);
    }
}

TEST_CASE("whoever may not make the new file is told so at once") {
    if (::geteuid() != 0) return;  // only root can become somebody else
    const old_file old;
    const auto as_somebody = [&] {
        return in_child([&] {
            if (::setgid(23456) != 0 || ::setuid(12345) != 0) return std::string("stays root");
            int phases = 0;
            try {
                old.upgrade({.on_upgrade = [&](const auto&) { ++phases; }});
            } catch (const stele::error& fault) {
                return std::string(to_string(fault.kind())) + " " + std::to_string(phases) + " " + fault.what();
            }
            return std::string("upgraded");
        });
    };
    const auto says = [](const std::string& text, std::string_view part) {
        return text.find(part) != std::string::npos;
    };
    fs::permissions(old.directory.path, fs::perms::all);
    SUBCASE("he may not write the store") {
        fs::permissions(old.file, static_cast<fs::perms>(0644));
        const auto told = as_somebody();
        CHECK_MESSAGE(told.starts_with("io 0 "), told);
    }
    SUBCASE("he may write the store, but it would be his afterwards") {
        fs::permissions(old.file, static_cast<fs::perms>(0666));
        const auto told = as_somebody();
        CHECK_MESSAGE(told.starts_with("io 0 "), told);
        CHECK_MESSAGE(says(told, "let its owner or root open it once"), told);
    }
    SUBCASE("he may not write the directory") {
        REQUIRE(::chown(old.file.c_str(), 12345, 23456) == 0);
        std::ofstream(old.file.string() + "-lock") << "";
        REQUIRE(::chown((old.file.string() + "-lock").c_str(), 12345, 23456) == 0);
        fs::permissions(old.directory.path, static_cast<fs::perms>(0755));
        const auto told = as_somebody();
        CHECK_MESSAGE(told.starts_with("io 0 "), told);
    }
    CHECK(format_of(old.file) == 1);
    CHECK_FALSE(fs::exists(old.file.string() + ".format-2.partial"));
    CHECK_FALSE(fs::exists(old.kept()));
}

TEST_CASE("the file that is kept is removed when the caller says so, and nothing else is") {
    const old_file old;
    const auto remove = [&] { return stele::detail::remove_old_format(old.file, {}); };
    CHECK_FALSE(remove());
    fs::create_hard_link(old.file, old.kept());
    CHECK(error_of(remove).kind == error_kind::needs_upgrade);  // it is the store
    fs::remove(old.kept());
    old.upgrade();
    CHECK(remove());
    CHECK_FALSE(fs::exists(old.kept()));
    CHECK_FALSE(remove());
    std::ofstream(old.kept()) << "mine";
    CHECK(error_of(remove).kind == error_kind::foreign_file);
    CHECK(bytes_of(old.kept()) == "mine");
}
