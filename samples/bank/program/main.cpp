#include "bank/program/command_line.hpp"

#include <cstdio>
#include <string>
#include <vector>

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    return bank::run_bank(arguments, stdout, stderr);
}
