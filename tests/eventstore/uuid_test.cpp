#include <stele/eventstore/uuid.hpp>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <vector>

using stele::uuid;

TEST_CASE("version 7 ids of one process ascend") {
    uuid last;
    for (int i = 0; i < 200'000; ++i) {
        const auto next = uuid::v7();
        REQUIRE(last < next);
        REQUIRE((next.bytes[6] >> 4) == 7);
        REQUIRE((next.bytes[8] >> 6) == 2);
        last = next;
    }
}

TEST_CASE("ids of several threads differ") {
    std::vector<std::vector<uuid>> made(4);
    {
        std::vector<std::jthread> threads;
        for (auto& ids : made)
            threads.emplace_back([&ids] {
                for (int i = 0; i < 20'000; ++i) ids.push_back(uuid::v7());
            });
    }
    std::vector<uuid> all;
    for (const auto& ids : made) all.insert(all.end(), ids.begin(), ids.end());
    std::ranges::sort(all);
    CHECK(std::ranges::adjacent_find(all) == all.end());
}

TEST_CASE("a forked process generates other ids") {
    (void)uuid::v7();
    int channel[2];
    REQUIRE(::pipe(channel) == 0);
    constexpr std::size_t count = 1000;
    std::vector<uuid> ids(count);
    const auto child = ::fork();
    std::ranges::generate(ids, [] { return uuid::v7(); });
    if (child == 0) {
        const auto size = static_cast<ssize_t>(count * sizeof(uuid));
        ::_exit(::write(channel[1], ids.data(), count * sizeof(uuid)) == size ? 0 : 1);
    }
    ::close(channel[1]);
    uuid id;
    while (::read(channel[0], id.bytes.data(), sizeof id) == sizeof id) ids.push_back(id);
    ::close(channel[0]);
    ::waitpid(child, nullptr, 0);
    std::ranges::sort(ids);
    CHECK(ids.size() == 2 * count);
    CHECK(std::ranges::adjacent_find(ids) == ids.end());
}

TEST_CASE("version 5 ids are derived from the name alone") {
    // The example of RFC 9562, appendix A.4: "www.example.com" in the DNS namespace.
    const auto dns = uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    REQUIRE(dns);
    CHECK(uuid::v5(*dns, "www.example.com").str() == "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST_CASE("the text form is read back, anything else is not") {
    const auto id = uuid::v7();
    CHECK(uuid::parse(id.str()) == id);
    CHECK(uuid::parse("2ED6657D-E927-568B-95E1-2665A8AEA6A2")->str() == "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    for (const char* text : {"", "2ed6657d", "2ed6657d-e927-568b-95e1-2665a8aea6a",
                             "2ed6657dxe927-568b-95e1-2665a8aea6a2", "2ed6657d-e927-568b-95e1-2665a8aea6ag"})
        CHECK_FALSE(uuid::parse(text));
    CHECK(uuid{}.is_nil());
}
