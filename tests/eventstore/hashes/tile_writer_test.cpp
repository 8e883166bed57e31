// The tree in a file is that of its events, whatever has happened to the transactions that wrote it.

#include "eventstore/hashes/hashed_file.hpp"
#include "eventstore/hashtree/naive_tree.hpp"
#include "eventstore/memory/memory_tree.hpp"
#include "support/errors.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <memory>
#include <random>

using testing::error_of;
using testing::hashed_file;

namespace {

stele::tree_hash naive_root(std::size_t size) {
    return naive::mth(testing::leaves_at(size));
}

std::int64_t count(hashed_file& file, const std::string& from) {
    return file.db().integer("SELECT count(*) FROM " + from);
}

}  // namespace

TEST_CASE("the root of a file is that of its events, tile after tile") {
    const temp_dir directory;
    hashed_file file(directory / "events.db");
    for (int i = 1; i <= 30; ++i) {
        file.append_and_commit(static_cast<std::size_t>(i));
        REQUIRE(file.root(file.head()) == naive_root(file.head()));
    }
    CHECK(count(file, "stele_hash_tiles") == 1);
    CHECK(count(file, "stele_open_leaves") == 0);
    CHECK(file.root(100) == naive_root(100));
    CHECK(file.damage().empty());
}

TEST_CASE("one transaction may fill several tiles") {
    const temp_dir directory;
    hashed_file file(directory / "events.db");
    file.append_and_commit(1000);
    CHECK(count(file, "stele_hash_tiles") == 3);
    CHECK(file.root(1000) == naive_root(1000));
    file.append_and_commit(24);
    CHECK(count(file, "stele_hash_tiles") == 4);
    CHECK(file.tiles().size() == 1024);
    CHECK_FALSE(file.tiles().has_unwritten());
    CHECK(file.root(1024) == naive_root(1024));
}

TEST_CASE("leaves that are in no tile are written when the file is closed, and dropped with their tile") {
    const temp_dir directory;
    hashed_file file(directory / "events.db");
    file.append_and_commit(300);
    CHECK(file.tiles().has_unwritten());
    file.close();
    CHECK_FALSE(file.tiles().has_unwritten());
    CHECK(file.db().integer("SELECT sum(length(hashes)) FROM stele_open_leaves") == 44 * 32);
    file.append_and_commit(3);
    file.close();
    CHECK(count(file, "stele_open_leaves") == 2);
    CHECK(file.root(303) == naive_root(303));
    file.append_and_commit(300);
    CHECK(count(file, "stele_open_leaves") == 0);
    CHECK(file.damage().empty());
}

TEST_CASE("an event that is removed stays a leaf, also one of the same transaction") {
    const temp_dir directory;
    hashed_file file(directory / "events.db");
    file.append_and_commit(10);
    file.begin();
    file.append(5);
    for (const std::uint64_t each : {3UL, 4UL, 12UL}) file.remove(each);
    file.commit();
    CHECK(file.root(15) == naive_root(15));
    hashed_file again(directory / "events.db");
    CHECK(again.root(15) == naive_root(15));
    again.append_and_commit(500);
    CHECK(again.root(515) == naive_root(515));
    CHECK(again.damage().empty());
}

TEST_CASE("an append that is rolled back leaves no leaf, nor does a transaction") {
    const temp_dir directory;
    hashed_file file(directory / "events.db");
    file.append_and_commit(250);
    file.begin();
    file.append(2);
    const auto mark = file.tiles().size();
    file.db().execute("SAVEPOINT one_append");
    file.append(300);
    file.db().execute("ROLLBACK TO one_append");
    file.tiles().roll_back_to(mark);
    file.append(1);
    file.commit();
    CHECK(file.root(253) == naive_root(253));
    file.begin();
    file.append(10);
    file.tiles().write();
    file.roll_back();
    CHECK(file.root(253) == naive_root(253));
    file.append_and_commit(10);
    CHECK(file.root(263) == naive_root(263));
    CHECK(file.damage().empty());
}

TEST_CASE("tiles of tiles are written by one process or by several") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    {
        hashed_file first(file);
        first.db().execute("PRAGMA synchronous = OFF");
        first.append_and_commit(40'000);
    }
    auto second = std::make_unique<hashed_file>(file);
    hashed_file third(file);
    for (int i = 0; i < 10; ++i) {
        second->append_and_commit(1'500);
        third.append_and_commit(1'500);
    }
    CHECK(count(third, "stele_hash_tiles WHERE level = 1") == 1);
    const auto leaves = testing::leaves_at(70'000);
    for (const std::size_t size : {65'535UL, 65'536UL, 65'537UL, 70'000UL})
        CHECK(third.root(size) == naive::mth(naive::hashes(leaves).first(size)));
    CHECK(third.damage().empty());
}

TEST_CASE("a tree that is not that of the events is refused before anything is added to it") {
    const temp_dir directory;
    hashed_file file(directory / "events.db");
    file.append_and_commit(600);
    const auto damage_after = [&](const std::string& sql) {
        file.db().execute("SAVEPOINT before; " + sql);
        file.tiles().forget();
        const auto refused = error_of([&] { file.tiles().begin(file.head()); });
        file.tiles().forget();
        file.db().execute("ROLLBACK TO before; RELEASE before");
        CHECK(refused.kind == stele::error_kind::corrupt);
        return refused.message;
    };
    CHECK(damage_after("DELETE FROM stele_hash_tiles WHERE tile = 1")
              .find("the tiles of the hash tree have 256 leaves, and the last event is at position 600") !=
          std::string::npos);
    CHECK(damage_after("DELETE FROM events WHERE position > 500").find("have 512 leaves") != std::string::npos);
    CHECK(damage_after("DELETE FROM events WHERE position = 550")
              .find("the event at position 550 was removed, and its leaf in the hash tree is missing") !=
          std::string::npos);
    CHECK(damage_after("UPDATE events SET flags = 12 WHERE position = 551")
              .find("the event at position 551 is damaged: its flags are 12") != std::string::npos);
    CHECK(damage_after("INSERT INTO stele_open_leaves VALUES (520, x'00')").find("have 1 bytes") != std::string::npos);
    file.tiles().begin(600);
    CHECK(file.root(600) == naive_root(600));
}

namespace {

// A history of transactions of two processes at random, and the leaves that it must have.
class random_history {
public:
    explicit random_history(std::uint32_t seed) : random_(seed) {
        for (auto& each : processes_) each = open();
    }

    void step() {
        auto& process = processes_[below(2)];
        if (below(10) == 0) process = open();
        if (below(10) == 0) process->close();
        process->begin();
        std::vector<stele::tree_hash> added;
        for (auto appends = below(4); appends > 0; --appends) append(*process, added);
        if (below(6) == 0) {
            if (below(2) == 0) process->tiles().write();
            process->roll_back();
        } else {
            process->commit();
            for (const auto& each : added) expected_.add(each);
        }
    }

    bool is_right() {
        auto& reader = *processes_[below(2)];
        const auto head = reader.head();
        const auto size = below(3) == 0 ? below(head + 1) : head;
        return head == expected_.size() && reader.root(size) == stele::detail::tree_hash_of(expected_, size);
    }

    bool is_sound() {
        const bool before = processes_[0]->damage().empty() && processes_[1]->damage().empty();
        processes_[0]->close();
        return before && processes_[1]->damage().empty();
    }

private:
    std::size_t below(std::size_t end) { return random_() % end; }

    std::unique_ptr<hashed_file> open() {
        auto file = std::make_unique<hashed_file>(directory_ / "events.db");
        file->db().execute("PRAGMA synchronous = OFF");
        return file;
    }

    void append(hashed_file& process, std::vector<stele::tree_hash>& added) {
        const auto mark = process.tiles().size();
        const auto before = added.size();
        process.db().execute("SAVEPOINT one_append");
        for (auto count = 1 + below(below(5) == 0 ? 400 : 20); count > 0; --count) {
            process.append(1, ++salt_);
            added.push_back(testing::leaf_at(process.head(), salt_));
        }
        for (auto removals = below(4) == 0 ? below(5) : 0; removals > 0; --removals)
            if (process.head() > 1) process.remove(1 + below(process.head() - 1));  // never the last one
        if (below(5) == 0) {
            process.db().execute("ROLLBACK TO one_append");
            process.tiles().roll_back_to(mark);
            added.resize(before);
        }
        process.db().execute("RELEASE one_append");
    }

    std::mt19937 random_;
    temp_dir directory_;
    std::unique_ptr<hashed_file> processes_[2];
    stele::detail::memory_tree expected_;
    std::uint32_t salt_ = 0;
};

}  // namespace

TEST_CASE("whatever transactions, rollbacks, removals and processes there were, the tree is that of all events") {
    CHECK(rc::check("random histories", [] {
        random_history history(*rc::gen::arbitrary<std::uint32_t>());
        for (int i = 0; i < 12; ++i) {
            history.step();
            RC_ASSERT(history.is_right());
        }
        RC_ASSERT(history.is_sound());
    }));
}
