using System.Management.Automation;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Compose;

public sealed class ComposeCmdletTests : IDisposable
{
    private const string Floating = "services:\n  letta:\n    image: letta/letta:latest   # why not\n";
    private const string Pinned = "services:\n  letta:\n    image: letta/letta:0.16.8   # why not\n";

    private readonly TempFolder _folder = new();
    private readonly Shell _shell = new();

    public ComposeCmdletTests() => File.WriteAllText(_folder["compose.yml"], Floating);

    public void Dispose()
    {
        _shell.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void The_pin_of_a_file_has_all_that_is_to_be_known()
    {
        var pin = Assert.Single(_shell.Run("Get-LettaImagePin $args[0]", _folder["compose.yml"]).Succeed());

        Assert.Equal("LettaPS.LettaImagePin", pin.BaseObject.GetType().FullName);
        Assert.Equal((_folder["compose.yml"], 3, "letta"), (pin.Get<string>("Path"), pin.Get<int>("Line"), pin.Get<string>("Service")));
        Assert.Equal(("letta/letta:latest", "latest", "letta/letta:latest"), (pin.Get<string>("Image"), pin.Get<string>("Tag"), pin.Get<string>("Resolved")));
        Assert.True(pin.Get<bool>("IsFloating"));
    }

    [Fact]
    public void A_pin_shows_as_a_table()
    {
        Assert.True(_shell.Show($"Get-LettaImagePin '{_folder.Path}'"));

        Assert.Contains("Floating", _shell.Console.Text, StringComparison.Ordinal);
        Assert.Contains("letta/letta:latest", _shell.Console.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_path_the_current_folder_is_meant()
    {
        var pins = _shell.Run("$ExecutionContext.SessionState.Path.SetLocation($args[0]); Get-LettaImagePin", _folder.Path).Output;

        // The files of whatever runs on this machine are meant too.
        Assert.Single(pins, p => p.Get<string>("Path") == _folder["compose.yml"]);
    }

    [Fact]
    public void Files_from_the_pipeline_are_filtered_and_pinned_in_one_line()
    {
        File.WriteAllText(_folder["workflow.yml"], "on: push\njobs: {}\n");
        File.WriteAllText(_folder["pinned.yml"], "services:\n  letta:\n    image: letta/letta:0.16.1\n");

        var result = _shell.Run(
            """
            [System.IO.Directory]::GetFiles($args[0], '*.yml') | ForEach-Object { [pscustomobject]@{ PSPath = 'Microsoft.PowerShell.Core\FileSystem::' + $_ } } |
                Get-LettaImagePin | Where-Object IsFloating | Set-LettaImagePin -Version 0.16.8 -PassThru
            """,
            _folder.Path);

        Assert.Equal("letta/letta:0.16.8", Assert.Single(result.Succeed()).Get<object>("Resolved"));
        Assert.Equal(Pinned, File.ReadAllText(_folder["compose.yml"]));
        Assert.Contains("0.16.1", File.ReadAllText(_folder["pinned.yml"]), StringComparison.Ordinal);
    }

    [Fact]
    public void What_if_shows_a_unified_diff_and_changes_nothing()
    {
        Assert.Empty(_shell.Run("Set-LettaImagePin $args[0] -Version 0.16.8 -PassThru -WhatIf", _folder.Path).Succeed());

        Assert.Contains("--- " + _folder["compose.yml"], _shell.Console.Text, StringComparison.Ordinal);
        Assert.Contains("-    image: letta/letta:latest   # why not", _shell.Console.Text, StringComparison.Ordinal);
        Assert.Contains("+    image: letta/letta:0.16.8   # why not", _shell.Console.Text, StringComparison.Ordinal);
        Assert.Equal(Floating, File.ReadAllText(_folder["compose.yml"]));
    }

    [Fact]
    public void Set_is_silent_and_keeps_a_backup_on_request()
    {
        Assert.Empty(_shell.Run("Set-LettaImagePin -Path $args[0] -Version 0.16.8 -Backup", _folder["compose.yml"]).Succeed());

        Assert.Equal((Pinned, Floating), (File.ReadAllText(_folder["compose.yml"]), File.ReadAllText(_folder["compose.yml.bak"])));
    }

    [Fact]
    public void Who_says_no_when_asked_changes_nothing()
    {
        _shell.Console.Answers.Enqueue(2);

        Assert.Empty(_shell.Run("Set-LettaImagePin $args[0] -Version 0.16.8 -Confirm", _folder.Path).Errors);

        Assert.Contains("+    image: letta/letta:0.16.8", Assert.Single(_shell.Console.Prompts), StringComparison.Ordinal);
        Assert.Equal(Floating, File.ReadAllText(_folder["compose.yml"]));
    }

    [Fact]
    public void A_file_that_changes_while_the_user_thinks_stays_as_it_is()
    {
        var pins = _shell.Run("Get-LettaImagePin $args[0]", _folder.Path).Succeed();
        File.WriteAllText(_folder["compose.yml"], Floating.Replace("latest", "0.16.2", StringComparison.Ordinal));

        var error = Assert.Single(_shell.Run("$args[0] | Set-LettaImagePin -Version 0.16.8", pins[0]).Errors);

        Assert.StartsWith("PinChanged", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("0.16.2", File.ReadAllText(_folder["compose.yml"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("latest", "FloatingTagNotSupported")]
    [InlineData("0.10.0", "TagMismatch")]
    [InlineData("v0.16.8", "TagNotFound")]
    public void A_tag_that_pins_nothing_is_refused_before_anything_is_read(string version, string errorId)
    {
        var error = Assert.Single(_shell.Run("Set-LettaImagePin /nowhere -Version $args[0]", version).Errors);

        Assert.StartsWith(errorId + ",", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.NotNull(error.ErrorDetails.RecommendedAction);
    }

    [Theory]
    [InlineData("missing.yml", "PathNotFound", ErrorCategory.ObjectNotFound)]
    [InlineData("empty", "ComposeFileNotFound", ErrorCategory.ObjectNotFound)]
    [InlineData("yaml.yml", "InvalidComposeFile", ErrorCategory.InvalidData)]
    [InlineData("broken.yml", "InvalidYaml", ErrorCategory.InvalidData)]
    [InlineData("binary.yml", "InvalidTextFile", ErrorCategory.InvalidData)]
    [InlineData("compose.empty.yml", "InvalidComposeFile", ErrorCategory.InvalidData)]
    [InlineData("compose.junk.yml", "InvalidComposeFile", ErrorCategory.InvalidData)]
    public void Bad_input_is_one_clear_error_and_the_rest_goes_on(string name, string errorId, ErrorCategory category)
    {
        Directory.CreateDirectory(_folder["empty"]);
        File.WriteAllText(_folder["yaml.yml"], "a: b\n");
        File.WriteAllText(_folder["broken.yml"], "services: {\n");
        File.WriteAllBytes(_folder["binary.yml"], [0, 159, 146, 150]);
        File.WriteAllText(_folder["compose.empty.yml"], string.Empty);
        File.WriteAllBytes(_folder["compose.junk.yml"], [0xFF, 0xFE, 159, 146, 150, 151]);

        foreach (var command in new[] { "Get-LettaImagePin", "Test-LettaCompose", "Set-LettaImagePin -Version 0.16.8 -PassThru" })
        {
            var result = _shell.Run(command + " -Path $args[0], $args[1]", _folder[name], _folder["compose.yml"]);

            var error = Assert.Single(result.Errors);
            Assert.StartsWith(errorId + ",", error.FullyQualifiedErrorId, StringComparison.Ordinal);
            Assert.Equal(category, error.CategoryInfo.Category);
            Assert.Contains(_folder[name], error.Exception.Message, StringComparison.Ordinal);
            Assert.NotEmpty(result.Output);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("/*.yml")]
    public void A_compose_file_that_is_found_and_cannot_be_used_is_warned_of_and_another_file_is_not(string pattern)
    {
        File.WriteAllText(_folder["compose.empty.yml"], string.Empty);
        File.WriteAllText(_folder["workflow.yml"], "on: push\njobs: {}\n");

        foreach (var command in new[] { "Get-LettaImagePin", "Test-LettaCompose", "Set-LettaImagePin -Version 0.16.8 -PassThru" })
        {
            _shell.Console.Warnings.Clear();
            Assert.NotEmpty(_shell.Run(command + " -Path $args[0]", _folder.Path + pattern).Succeed());
            Assert.Contains(_folder["compose.empty.yml"], Assert.Single(_shell.Console.Warnings), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Get-LettaImagePin $args[0] | Set-LettaImagePin -Digest -Backup -PassThru")]
    [InlineData("Set-LettaImagePin $args[0] -Digest -WhatIf")]
    public void The_digest_alone_is_enough_to_pin_to(string command)
    {
        File.WriteAllText(_folder["compose.yml"], "services:\n  letta:\n    image: nowhere.invalid/letta/letta:0.16.8\n");

        // What is asked of the engine is its digest: no engine has this image, and some machines have no engine.
        var error = Assert.Single(_shell.Run(command, _folder["compose.yml"]).Errors);

        Assert.Matches("^(DigestNotFound|Engine[A-Za-z]+),", error.FullyQualifiedErrorId);
        Assert.Equal("letta", error.TargetObject);
    }

    [Fact]
    public void Who_does_not_say_what_to_pin_to_is_told_what_there_is()
    {
        var error = Assert.Single(_shell.Run("Set-LettaImagePin $args[0]", _folder.Path).Errors);

        Assert.StartsWith("PinTargetRequired,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("-FromRunning", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_digest_that_cannot_stay_is_not_dropped_in_silence()
    {
        var digest = "sha256:" + new string('a', 64);
        File.WriteAllText(_folder["compose.yml"], Floating.Replace("latest", "latest@" + digest, StringComparison.Ordinal));

        _shell.Run("Set-LettaImagePin $args[0] -Version 0.16.8", _folder.Path).Succeed();

        Assert.Contains(digest, Assert.Single(_shell.Console.Warnings), StringComparison.Ordinal);
        Assert.Equal(Pinned, File.ReadAllText(_folder["compose.yml"]));
    }

    [Fact]
    public void A_service_that_is_in_none_of_the_files_is_an_error()
    {
        File.WriteAllText(_folder["compose.dev.yml"], "services:\n  web:\n    image: nginx\n");

        var error = Assert.Single(_shell.Run("Set-LettaImagePin $args[0] -Version 0.16.8 -Service lettuce", _folder.Path).Errors);

        Assert.StartsWith("LettaImageNotFound,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Empty(_shell.Run("Set-LettaImagePin $args[0] -Version 0.16.8 -Service letta", _folder.Path).Errors);
        Assert.Equal(Pinned, File.ReadAllText(_folder["compose.yml"]));
    }

    [Fact]
    public void Only_the_services_that_were_asked_for_are_pinned()
    {
        File.WriteAllText(_folder["compose.yml"], "services:\n  one:\n    image: letta/letta\n  two:\n    image: letta/letta\n");

        Assert.Empty(_shell.Run("Set-LettaImagePin $args[0] -Version 0.16.8 -Service o*", _folder.Path).Errors);

        Assert.Equal("services:\n  one:\n    image: letta/letta:0.16.8\n  two:\n    image: letta/letta\n", File.ReadAllText(_folder["compose.yml"]));
    }

    [Fact]
    public void One_file_that_cannot_be_pinned_keeps_no_other_from_it()
    {
        File.WriteAllText(_folder["compose.a.yml"], "services:\n  letta:\n    image: letta/letta:${LETTAPS_TEST_NONE:?}\n");

        var error = Assert.Single(_shell.Run("Set-LettaImagePin $args[0] -Version 0.16.8", _folder.Path).Errors);

        Assert.StartsWith("PinVariableRequired,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(Pinned, File.ReadAllText(_folder["compose.yml"]));
    }

    [Fact]
    public void An_empty_pipeline_pins_nothing_and_not_what_is_in_the_current_folder()
    {
        _shell.Run("$ExecutionContext.SessionState.Path.SetLocation($args[0]); @() | Set-LettaImagePin -Version 0.16.8", _folder.Path).Succeed();

        Assert.Equal(Floating, File.ReadAllText(_folder["compose.yml"]));
    }

    [Fact]
    public void An_override_file_that_undoes_the_pin_is_warned_of()
    {
        File.WriteAllText(_folder["compose.override.yml"], Floating);

        _shell.Run("Set-LettaImagePin $args[0] -Version 0.16.8", _folder["compose.yml"]).Succeed();
        Assert.Contains("compose.override.yml", Assert.Single(_shell.Console.Warnings), StringComparison.Ordinal);

        _shell.Run("Set-LettaImagePin $args[0] -Version 0.16.8", _folder.Path).Succeed();
        Assert.Single(_shell.Console.Warnings);
        Assert.Equal(Pinned, File.ReadAllText(_folder["compose.override.yml"]));
    }

    [Fact]
    public void An_env_file_that_is_named_counts_instead_of_the_one_beside_the_compose_file()
    {
        File.WriteAllText(_folder["compose.yml"], "services:\n  letta:\n    image: letta/letta:${LETTAPS_TEST_VERSION}\n");
        File.WriteAllText(_folder[".env"], "LETTAPS_TEST_VERSION=0.16.1\n");
        File.WriteAllText(_folder["prod.env"], "LETTAPS_TEST_VERSION=0.16.2\n");

        Assert.Equal("0.16.2", Assert.Single(_shell.Run("Get-LettaImagePin $args[0] -EnvFile $args[1]", _folder.Path, _folder["prod.env"]).Succeed()).Get<object>("Tag"));
        Assert.Empty(_shell.Run("Set-LettaImagePin $args[0] -EnvFile $args[1] -Version 0.16.8", _folder.Path, _folder["prod.env"]).Errors);

        Assert.Equal(("LETTAPS_TEST_VERSION=0.16.1\n", "LETTAPS_TEST_VERSION=0.16.8\n"), (File.ReadAllText(_folder[".env"]), File.ReadAllText(_folder["prod.env"])));
    }

    [Fact]
    public void Findings_come_out_as_objects_and_as_a_table_by_file()
    {
        var finding = _shell.Run("Test-LettaCompose $args[0] | Where-Object Rule -eq FloatingImage", _folder.Path).Succeed();

        Assert.Equal(("Error", 3), (Assert.Single(finding).Get<object>("Severity").ToString(), finding[0].Get<object>("Line")));
        Assert.True(_shell.Show($"Test-LettaCompose '{_folder.Path}'"));
        Assert.Contains("FloatingImage", _shell.Console.Text, StringComparison.Ordinal);
        Assert.Contains("File: " + _folder["compose.yml"], _shell.Console.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_fix_of_a_floating_image_is_a_command_that_runs()
    {
        var fix = _shell.Run("Test-LettaCompose $args[0] | Where-Object Rule -eq FloatingImage", _folder.Path).Succeed()[0].Get<string>("Recommendation");

        Assert.Empty(_shell.Run(fix.Replace("-FromRunning", "-Version 0.16.8", StringComparison.Ordinal)).Errors);

        Assert.Equal(Pinned, File.ReadAllText(_folder["compose.yml"]));
    }

    [Fact]
    public void An_override_file_is_examined_on_top_of_its_compose_file()
    {
        File.WriteAllText(_folder["compose.override.yml"], Pinned);

        Assert.DoesNotContain(_shell.Run("Test-LettaCompose $args[0]", _folder.Path).Succeed(), f => f.Get<string>("Rule") == "FloatingImage");
        Assert.Equal(2, _shell.Run("Get-LettaImagePin $args[0]", _folder.Path).Succeed().Count);
    }
}
