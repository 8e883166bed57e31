#include "benchmarks/settings.hpp"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <stdexcept>
#include <string_view>

namespace bench {
namespace {

bool is_in_memory(const std::filesystem::path& directory) {
    struct statfs facts = {};
    if (::statfs(directory.c_str(), &facts) != 0) return false;
    return facts.f_type == TMPFS_MAGIC || facts.f_type == RAMFS_MAGIC;
}

}  // namespace

settings parse(int count, const char* const* arguments) {
    settings result;
    for (int i = 1; i < count; ++i) {
        const std::string_view option = arguments[i];
        const auto value = [&] {
            if (i + 1 == count || arguments[i + 1][0] == '\0')
                throw std::invalid_argument(fmt::format("{} needs a value", option));
            return arguments[++i];
        };
        if (option == "--json")
            result.json = value();
        else if (option == "--only")
            result.only = value();
        else if (option == "--dir")
            result.directory = value();
        else if (option == "--quick")
            result.quick = true;
        else if (option == "--list")
            result.list = true;
        else if (option == "--help" || option == "-h")
            result.help = true;
        else
            throw std::invalid_argument(fmt::format("there is no option '{}'", option));
    }
    return result;
}

std::filesystem::path disk_directory(const std::filesystem::path& asked_for) {
    auto directory = asked_for.empty() ? std::filesystem::temp_directory_path() : asked_for;
    if (!std::filesystem::is_directory(directory))
        throw std::invalid_argument(fmt::format("--dir {}: there is no such directory", directory.string()));
    if (asked_for.empty() && is_in_memory(directory)) directory = "/var/tmp";
    if (is_in_memory(directory))
        throw std::invalid_argument(fmt::format(
            "{}: is in memory, where a sync costs nothing; give a directory on a disk with --dir", directory.string()));
    return directory;
}

}  // namespace bench
