// A store that is opened on a disk with too little room says that the disk is full, at whichever step it is; nothing is
// lost. A store that was closed can be read on a disk without a free byte or a free inode.

#include "support/in_child.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <tuple>

using stele::expected_version;
using stele::stream_id;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t page = 4096;

void append(stele::event_store& store, std::size_t size) {
    const std::vector one{make_event("test.Happened", std::string(size, 'x'))};
    (void)store.append(stream_id{"a-1"}, expected_version::any(), one).value();
}

// A file system of its own, which can be filled but for some pages or inodes.
class small_disk {
public:
    explicit small_disk(fs::path at) : at_(std::move(at)) {
        mounted_ = ::mount("tmpfs", at_.c_str(), "tmpfs", 0, "size=512k,nr_inodes=40") == 0;
    }
    small_disk(const small_disk&) = delete;
    small_disk& operator=(const small_disk&) = delete;
    ~small_disk() {
        if (mounted_) ::umount(at_.c_str());
    }

    void fill_pages(std::size_t but) const {
        const int ballast = ::open((at_ / "ballast").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        std::size_t filled = 0;
        const std::string bytes(page, 'b');
        while (::write(ballast, bytes.data(), page) == static_cast<ssize_t>(page)) filled += page;
        if (::ftruncate(ballast, static_cast<off_t>(filled - but * page)) != 0) ::_exit(4);
        ::close(ballast);
    }
    void fill_inodes(std::size_t but) const {
        std::size_t made = 0;
        while (::mknod((at_ / fmt::format("ballast{}", made)).c_str(), S_IFREG | 0600, 0) == 0) ++made;
        for (; but > 0; --but) fs::remove(at_ / fmt::format("ballast{}", --made));
    }
    void make_room() const {
        for (const auto& entry : fs::directory_iterator(at_))
            if (entry.path().filename().native().starts_with("ballast")) fs::remove(entry.path());
    }

private:
    fs::path at_;
    bool mounted_ = false;
};

// What is on the disk before it is full, and how many events that is.
struct situation {
    const char* name;
    std::uint64_t events;
    std::function<void(const fs::path& file)> make;
};

const std::vector<situation>& situations() {
    static const std::vector<situation> all{
        {"no store", 0, [](const fs::path&) {}},
        {"an empty store", 0, [](const fs::path& file) { (void)stele::sqlite_store::open(file); }},
        {"a closed store", 1,
         [](const fs::path& file) {
             auto store = stele::sqlite_store::open(file);
             append(store, 10'000);
         }},
        {"a log that was left", 2,
         [](const fs::path& file) {
             std::optional store{stele::sqlite_store::open(file)};
             append(*store, 10'000);
             auto reader = stele::sqlite_store::open_read_only(file);  // closes last, and so leaves it
             append(*store, 10'000);
             (void)reader.head();
             store.reset();
             if (!fs::exists(file.string() + "-wal")) ::_exit(5);
         }},
    };
    return all;
}

// The fault of opening the store on the full disk, if it is not the right one, or what is lost. Empty if all is well.
std::string problem(const situation& each, const fs::path& directory,
                    const std::function<void(const small_disk&)>& fill, bool& opened) {
    const small_disk disk(directory);
    const auto file = directory / "events.db";
    each.make(file);
    fill(disk);
    opened = false;
    try {
        (void)stele::sqlite_store::open(file);
        opened = true;
    } catch (const stele::error& fault) {
        if (fault.kind() != stele::error_kind::full)
            return fmt::format("{}: {}", to_string(fault.kind()), fault.what());
        if (std::string_view(fault.what()).find("free some space") == std::string_view::npos) return fault.what();
    }
    const std::string_view name = each.name;
    if (!opened && (name == "an empty store" || name == "a closed store"))
        if (stele::sqlite_store::open_read_only(file).head().value != each.events) return "not all can be read";
    disk.make_room();
    auto store = stele::sqlite_store::open(file);
    if (store.head().value != each.events) return fmt::format("{} events are there", store.head().value);
    append(store, 10);
    return store.verify().is_sound() ? "" : "it is damaged";
}

}  // namespace

TEST_CASE("a store that is opened where there is no room says so, and opens once there is room") {
    const temp_dir directory;
    const auto answer = testing::in_child([&]() -> std::string {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return {};
        std::string problems;
        for (const auto& each : situations())
            for (const auto& [what, most, fill] : {std::tuple{"pages", std::size_t{60}, &small_disk::fill_pages},
                                                   {"inodes", 5, &small_disk::fill_inodes}}) {
                bool opened = false;
                for (std::size_t free = 0; free <= most; ++free) {
                    const auto found =
                        problem(each, directory.path, [&](const small_disk& disk) { (disk.*fill)(free); }, opened);
                    if (!found.empty()) problems += fmt::format("{}, {} free {}: {}\n", each.name, free, what, found);
                }
                if (!opened) problems += fmt::format("{}: does not open with {} free {}\n", each.name, most, what);
            }
        return problems.empty() ? "well" : problems;
    });
    if (answer.empty())
        MESSAGE("skipped: this needs the right to mount");
    else
        CHECK(answer == "well");
}
