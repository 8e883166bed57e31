#include "structure/rules.hpp"

#include "structure/wings.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace {

constexpr std::size_t longest_file = 300;   // lines
constexpr std::size_t fullest_folder = 25;  // files

bool is_public(std::string_view path) {
    return path.starts_with("include/");
}

bool is_detail(std::string_view path) {
    return path.find("/detail/") != std::string_view::npos;
}

bool is_library(std::string_view path) {
    return is_public(path) || wing_of(path);
}

std::string in_angles(std::string_view name) {
    return "<" + std::string(name) + ">";
}

std::string at(const source_file& source, const include_line& each) {
    return source.path + ":" + std::to_string(each.line) + " includes " + each.what + ": ";
}

// The first folder of a path below the root or below include/stele: the wing, with its engines.
std::string top_folder(std::string_view path) {
    if (path.starts_with("include/stele/")) path.remove_prefix(14);
    return std::string(path.substr(0, path.find('/')));
}

const source_file* find(const std::vector<source_file>& sources, const std::string& path) {
    const auto found = std::ranges::find(sources, path, &source_file::path);
    return found == sources.end() ? nullptr : &*found;
}

std::set<std::string> included(const source_file& source) {
    std::set<std::string> names;
    for (const auto& each : source.includes) names.insert(each.what);
    return names;
}

}  // namespace

breaches upward_includes(const std::vector<source_file>& sources) {
    breaches found;
    for (const auto& source : sources) {
        const auto* from = wing_of(source.path);
        if (!from) continue;
        for (const auto& each : source.includes) {
            if (each.what == "stele/stele.hpp")
                found.push_back(at(source, each) + "the library includes the headers it needs, not all of them");
            const auto* to = wing_of(each.what);
            if (!to || may_include(*from, *to)) continue;
            found.push_back(at(source, each) + std::string(from->name) + " must not know " + std::string(to->name) +
                            "; move what both need into a wing below both, or hand it in from above");
        }
    }
    return found;
}

breaches foreign_private_headers(const std::vector<source_file>& sources) {
    breaches found;
    for (const auto& source : sources) {
        const bool test = source.path.starts_with("tests/");
        // A test has the folder of what it tests, below tests.
        const auto from = top_folder(test ? source.path.substr(6) : source.path);
        for (const auto& each : source.includes) {
            const auto* to = wing_of(each.what);
            if (!to) continue;
            if (!each.what.starts_with("stele/")) {
                if (top_folder(each.what) == from && !is_public(source.path)) continue;
                found.push_back(at(source, each) + "a private header of " + top_folder(each.what) +
                                "; use its public headers, or move this one to include/stele/" +
                                std::string(to->folder) + "/detail");
            } else if (is_detail(each.what) && !is_library(source.path) && !test) {
                found.push_back(at(source, each) +
                                "detail headers are for the library; use a public header that offers this, or add one");
            }
        }
    }
    return found;
}

breaches leaked_headers(const std::vector<source_file>& sources) {
    static constexpr std::string_view engines[] = {"sqlite3.h", "libpq-fe.h"};
    breaches found;
    for (const auto& source : sources) {
        if (!is_public(source.path)) continue;
        for (const auto& each : source.includes) {
            const bool engine = std::ranges::any_of(engines, [&](auto name) { return each.what.ends_with(name); });
            const bool crypto = each.what.starts_with("openssl/");
            if (engine || crypto || each.what.ends_with(".pb.h"))
                found.push_back(at(source, each) + "a public header includes no " +
                                (engine   ? "engine's header"
                                 : crypto ? "header of OpenSSL"
                                          : "generated header") +
                                "; declare the type ahead and include it in the .cpp");
        }
    }
    return found;
}

breaches stray_umbrellas(const std::vector<source_file>& sources) {
    std::set<std::string> expected{"include/stele/stele.hpp"};
    for (const auto& each : wings) expected.insert("include/stele/" + std::string(each.name) + ".hpp");
    breaches found;
    for (const auto& source : sources) {
        const auto slash = source.path.rfind('/');
        if (slash == std::string::npos || source.path.substr(0, slash) != "include/stele") continue;
        if (!expected.erase(source.path))
            found.push_back(source.path + " is the umbrella of no target; move it into the folder of its wing");
    }
    for (const auto& missing : expected)
        found.push_back(missing + " is missing; every target has an umbrella header by its name");
    return found;
}

breaches incomplete_umbrellas(const std::vector<source_file>& sources) {
    breaches found;
    const auto expect = [&](const source_file& umbrella, const std::string& header) {
        if (!included(umbrella).contains(header))
            found.push_back(umbrella.path + " does not include " + in_angles(header) + "; add it");
    };
    for (const auto& source : sources) {
        const auto* of = wing_of(source.path);
        if (!of || !is_public(source.path) || is_detail(source.path)) continue;
        const auto path = "include/stele/" + std::string(of->name) + ".hpp";
        if (source.path == path) continue;
        if (const auto* umbrella = find(sources, path)) expect(*umbrella, source.path.substr(8));
    }
    if (const auto* all = find(sources, "include/stele/stele.hpp")) {
        for (const auto& each : wings)
            if (each.name != "testing") expect(*all, "stele/" + std::string(each.name) + ".hpp");
        if (included(*all).contains("stele/testing.hpp"))
            found.push_back(all->path + " includes <stele/testing.hpp>, which is not for production; remove it");
    }
    return found;
}

breaches long_files(const std::vector<source_file>& sources) {
    breaches found;
    for (const auto& source : sources)
        if (is_library(source.path) && source.lines > longest_file)
            found.push_back(source.path + " has " + std::to_string(source.lines) + " lines, more than " +
                            std::to_string(longest_file) + "; split it by concept");
    return found;
}

breaches full_folders(const std::vector<std::string>& files) {
    static constexpr std::string_view excepted[] = {"tests/compile_fail", "tests/data", "tests/fuzz/corpus"};
    std::map<std::string, std::size_t> count;
    for (const auto& file : files) {
        const auto slash = file.rfind('/');
        if (slash != std::string::npos) ++count[file.substr(0, slash)];
    }
    breaches found;
    for (const auto& each : count) {
        const auto& folder = each.first;
        const auto is_above = [&folder](std::string_view exception) { return folder.starts_with(exception); };
        if (each.second > fullest_folder && std::ranges::none_of(excepted, is_above))
            found.push_back(folder + " holds " + std::to_string(each.second) + " files, more than " +
                            std::to_string(fullest_folder) + "; put what belongs together into a folder of its own");
    }
    return found;
}
