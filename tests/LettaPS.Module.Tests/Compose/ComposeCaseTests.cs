using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Compose;

/// <summary>Files of the field, each with what a careful person would want to be told of it, and what may be changed in it.</summary>
public sealed class ComposeCaseTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Shell _shell = new();

    public void Dispose()
    {
        _shell.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("build-from-dockerfile", "FloatingImage Dockerfile:1; NoPassword compose.yaml:4; DatabaseNotKept compose.yaml:3")]
    [InlineData("comment-only-migrator", "StartScriptBypassed compose.yaml:4")]
    [InlineData("compose-file-variable", "FloatingImage prod.yml:3; NoPassword prod.yml:4")]
    [InlineData("dev-build-image", "FloatingImage Dockerfile:1; OwnImageNamedLetta compose.yaml:3")]
    [InlineData("helm", "FloatingImage values.yaml:3")]
    [InlineData("image-0.16.3", "")]
    [InlineData("k8s", "FloatingImage letta-deployment.yaml:17; DatabaseNotKept letta-deployment.yaml:17")]
    [InlineData("letta-code-image", "LettaCodeImage compose.yaml:3")]
    [InlineData("letta-code-image/appserver", "")]
    [InlineData("lettaai-image", "OutdatedImage compose.yaml:3; NoPassword compose.yaml:4; RestartLoop compose.yaml:7; DatabaseNotKept compose.yaml:3")]
    [InlineData("list-env-broken", "FloatingImage compose.yaml:3; EnvironmentItemMerged compose.yaml:7")]
    [InlineData("pool-no-ssl", "PoolingDemandsTls compose.yaml:6")]
    [InlineData("postgres-scheme", "DatabaseUriScheme compose.yaml:4")]
    [InlineData("quadlet", "FloatingImage letta.container:4; PasswordChanges letta.container:5")]
    [InlineData("two-servers-one-volume", "SharedDataVolume compose.yaml:9")]
    [InlineData("unknown-tag", "UnknownImageTag compose.yaml:2; OutdatedImage compose.yaml:3; UnknownImageTag compose.yaml:4; OutdatedImage compose.yaml:5; DatabaseNotKept compose.yaml:2; DatabaseNotKept compose.yaml:3; DatabaseNotKept compose.yaml:4; DatabaseNotKept compose.yaml:5")]
    [InlineData("uri-localhost", "DatabaseUriLocalhost compose.yaml:4")]
    [InlineData("volume-empty-variable", "FloatingImage compose.yaml:3; VariableNotSet compose.yaml:10")]
    [InlineData("worker-other-release", "ReleasesDiffer compose.yaml:6")]
    public void Each_file_has_the_findings_that_are_right(string name, string expected)
    {
        var findings = _shell.Run("Test-LettaCompose $args[0]", Case(name)).Succeed();

        Assert.Equal(
            expected.Split("; ", StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            findings.Select(f => $"{f.Get<string>("Rule")} {Path.GetFileName(f.Get<string>("Path"))}:{f.Get<int>("Line")}").Order(StringComparer.Ordinal));
        Assert.All(findings, f => Assert.NotEmpty(f.Get<string>("Recommendation")));
    }

    [Theory]
    [InlineData("supabase.compose.yaml")]
    [InlineData("own-image.compose.yaml")]
    public void A_PostgreSQL_image_is_not_judged_by_its_name_alone(string name) =>
        Assert.Empty(_shell.Run("Test-LettaCompose $args[0]", Path.Join(Case("pgvector-false-alarm"), name)).Succeed());

    [Theory]
    [InlineData("k8s", "Kubernetes Floating letta/letta:latest")]
    [InlineData("helm", "Helm Floating letta/letta:latest")]
    [InlineData("quadlet", "Quadlet Floating docker.io/letta/letta:latest")]
    [InlineData("build-from-dockerfile", "Dockerfile Floating letta/letta:latest")]
    [InlineData("letta-code-image", "Compose LettaCode letta/letta:0.32.19")]
    [InlineData("letta-code-image/appserver", "Compose LettaCode letta/letta:0.34.4")]
    [InlineData("lettaai-image", "Compose TooOld lettaai/letta:latest")]
    [InlineData("image-0.16.3", "Compose V1 letta/letta:0.16.3")]
    [InlineData("unknown-tag", "Compose Unknown letta/letta:1.0.0, Compose TooOld letta/letta:0.6.0, Compose Unknown letta/letta:0.16, Compose TooOld letta/letta:0.4.0")]
    [InlineData("compose-file-variable", "Compose V1 letta/letta:0.16.2, Compose Floating letta/letta:latest")]
    public void Each_reference_is_found_with_its_format_and_its_product(string name, string expected) => Assert.Equal(
        expected.Split(", "),
        _shell.Run("Get-LettaImagePin $args[0]", Case(name)).Succeed().Select(p => $"{p.Get<object>("Format")} {p.Get<object>("Product")} {p.Get<string>("Resolved")}"));

    [Theory]
    [InlineData("k8s", "letta-deployment.yaml", "image: letta/letta:latest", "image: letta/letta:0.16.8")]
    [InlineData("helm", "values.yaml", "tag: latest", "tag: 0.16.8")]
    [InlineData("quadlet", "letta.container", "Image=docker.io/letta/letta:latest", "Image=docker.io/letta/letta:0.16.8")]
    [InlineData("build-from-dockerfile", "Dockerfile", "FROM letta/letta:latest", "FROM letta/letta:0.16.8")]
    [InlineData("dev-build-image", "Dockerfile", "FROM letta/letta:latest", "FROM letta/letta:0.16.8")]
    [InlineData("letta-code-image", "compose.yaml", "image: letta/letta:0.32.19", "image: letta/letta:0.16.8")]
    [InlineData("compose-file-variable", "prod.yml", "image: letta/letta:latest", "image: letta/letta:0.16.8")]
    public void Only_the_bytes_of_the_reference_change(string name, string file, string before, string after)
    {
        var folder = Case(name);
        var text = File.ReadAllText(Path.Join(folder, file));

        _shell.Run("Set-LettaImagePin $args[0] -Version 0.16.8", folder).Succeed();

        Assert.Contains(before, text, StringComparison.Ordinal);
        Assert.Equal(text.Replace(before, after, StringComparison.Ordinal), File.ReadAllText(Path.Join(folder, file)));
        if (name == "dev-build-image")
        {
            Assert.Contains("image: letta/letta:latest", File.ReadAllText(Path.Join(folder, "compose.yaml")), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("args: {TAG: latest}", "ARG TAG=0.16.2\nFROM letta/letta:${TAG}\n", "compose.yaml:5")]
    [InlineData("args: [\"IMAGE=letta/letta:latest\"]", "ARG IMAGE\nFROM ${IMAGE} AS base\nFROM base\n", "compose.yaml:5")]
    [InlineData("args: {OTHER: x}", "ARG TAG=latest\nFROM letta/letta:${TAG}\n", "Dockerfile:2")]
    public void A_build_argument_of_the_compose_file_decides_what_a_Dockerfile_names(string arguments, string dockerfile, string place)
    {
        var compose = $"services:\n  letta:\n    build:\n      context: .\n      {arguments}\n    volumes: [\"pg:/var/lib/postgresql/data\"]\nvolumes:\n  pg:\n";
        File.WriteAllText(_folder["compose.yaml"], compose);
        File.WriteAllText(_folder["Dockerfile"], dockerfile);

        var pin = Assert.Single(_shell.Run("Get-LettaImagePin $args[0]", _folder["compose.yaml"]).Succeed());
        var finding = Assert.Single(_shell.Run("Test-LettaCompose $args[0]", _folder["compose.yaml"]).Succeed());
        var pinned = _shell.Run("Set-LettaImagePin $args[0] -Version 0.16.8", _folder["compose.yaml"]);

        Assert.Equal(("letta/letta:latest", place), (pin.Get<string>("Resolved"), $"{Path.GetFileName(pin.Get<string>("Path"))}:{pin.Get<int>("Line")}"));
        Assert.Equal(("FloatingImage", place), (finding.Get<string>("Rule"), $"{Path.GetFileName(finding.Get<string>("Path"))}:{finding.Get<int>("Line")}"));
        if (place.StartsWith("Dockerfile", StringComparison.Ordinal))
        {
            Assert.Empty(pinned.Errors);
            Assert.Equal(dockerfile.Replace("latest", "0.16.8", StringComparison.Ordinal), File.ReadAllText(_folder["Dockerfile"]));
            return;
        }

        Assert.False(pin.Get<bool>("IsEditable"));
        var error = Assert.Single(pinned.Errors);
        Assert.StartsWith("ImageFileNotSupported,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("the build argument '", error.Exception.Message, StringComparison.Ordinal);
        Assert.Contains("by hand", finding.Get<string>("Recommendation"), StringComparison.Ordinal);
        Assert.Equal((compose, dockerfile), (File.ReadAllText(_folder["compose.yaml"]), File.ReadAllText(_folder["Dockerfile"])));
    }

    [Theory]
    [InlineData("kustomization.yaml", "images:\n- name: letta-app\n  newName: letta/letta\n  newTag: latest # floating\n- name: nginx\n  newTag: latest\n", "newTag: latest # floating", "newTag: 0.16.8 # floating")]
    [InlineData("kustomization.yml", "images:\n- name: letta/letta\n  newTag: '0.16.2'\n", "'0.16.2'", "'0.16.8'")]
    public void A_kustomization_names_the_image_and_only_its_tag_changes(string name, string text, string before, string after)
    {
        File.WriteAllText(_folder[name], text);

        Assert.Equal("Kubernetes", Assert.Single(_shell.Run("Get-LettaImagePin $args[0]", _folder.Path).Succeed()).Get<object>("Format").ToString());
        _shell.Run("Set-LettaImagePin $args[0] -Version 0.16.8", _folder.Path).Succeed();

        Assert.Equal(text.Replace(before, after, StringComparison.Ordinal), File.ReadAllText(_folder[name]));
    }

    [Fact]
    public void A_Dockerfile_inside_a_compose_file_is_read_with_the_build_arguments_and_named_as_not_editable()
    {
        const string Text = "services:\n  letta:\n    build:\n      dockerfile_inline: |\n        FROM letta/letta:latest\n        RUN true\n    volumes: [\"pg:/var/lib/postgresql/data\"]\nvolumes:\n  pg:\n";
        File.WriteAllText(_folder["compose.yaml"], Text);

        var pin = Assert.Single(_shell.Run("Get-LettaImagePin $args[0]", _folder.Path).Succeed());
        Assert.Equal(("Dockerfile", 5, false), (pin.Get<object>("Format").ToString(), pin.Get<int>("Line"), pin.Get<bool>("IsEditable")));
        foreach (var command in (string[])["Set-LettaImagePin $args[0] -Version 0.16.8", "Get-LettaImagePin $args[0] | Set-LettaImagePin -Version 0.16.8"])
        {
            var error = Assert.Single(_shell.Run(command, _folder.Path).Errors);
            Assert.StartsWith("ImageFileNotSupported,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
            Assert.Contains("dockerfile_inline", error.Exception.Message, StringComparison.Ordinal);
        }

        Assert.Equal(Text, File.ReadAllText(_folder["compose.yaml"]));
    }

    [Theory]
    [InlineData("letta-code-image/appserver", "", "AppServerNotSupported")]
    [InlineData("letta-code-image/appserver", "-Force", "AppServerNotSupported")]
    [InlineData("lettaai-image", "", "RepositoryNotSupported")]
    [InlineData("lettaai-image", "-Force", "RepositoryNotSupported")]
    [InlineData("unknown-tag", "-Service b", "DatabaseTooOld")]
    public void What_must_not_be_pinned_stays_as_it_is(string name, string options, string errorId)
    {
        var folder = Case(name);
        var text = File.ReadAllText(Path.Join(folder, "compose.yaml"));

        var error = Assert.Single(_shell.Run("Set-LettaImagePin $args[0] -Version 0.16.8 " + options, folder).Errors);

        Assert.StartsWith(errorId + ",", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.NotEmpty(error.ErrorDetails.RecommendedAction);
        Assert.Equal(text, File.ReadAllText(Path.Join(folder, "compose.yaml")));
    }

    [Fact]
    public void A_release_that_is_too_old_is_moved_only_by_force() =>
        Assert.Empty(_shell.Run("Set-LettaImagePin $args[0] -Version 0.16.8 -Service b -Force", Case("unknown-tag")).Errors);

    [Theory]
    [InlineData("0.32.19", "LettaCodeNotSupported", "another product")]
    [InlineData("0.30", "LettaCodeNotSupported", "another product")]
    [InlineData("0.17.0", "TagNotFound", "last release of the V1 server is 0.16.8")]
    [InlineData("1.0.0", "TagNotFound", "last release of the V1 server is 0.16.8")]
    [InlineData("latest", "FloatingTagNotSupported", "Letta Code")]
    public void Nothing_above_the_last_release_is_pinned_even_by_force(string version, string errorId, string reason)
    {
        var error = Assert.Single(_shell.Run("Set-LettaImagePin $args[0] -Version $args[1] -Force", Case("image-0.16.3"), version).Errors);

        Assert.StartsWith(errorId + ",", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains(reason, error.Exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("compose.override.yml", "services:\n  letta:\n    image: letta/letta:0.16.2\n")]
    [InlineData("Dockerfile", "FROM letta/letta:0.16.2\n")]
    public void Two_files_of_one_project_are_pinned_together_or_not_at_all(string other, string text)
    {
        var compose = "services:\n  letta:\n    image: letta/letta:latest\n" + (other == "Dockerfile" ? "  own:\n    build: .\n" : string.Empty);
        var elsewhere = Directory.CreateDirectory(_folder["elsewhere"]).FullName;
        Directory.CreateDirectory(_folder["project"]);
        File.WriteAllText(_folder["project/compose.yml"], compose);
        File.WriteAllText(_folder["project/" + other], text);
        File.WriteAllText(Path.Join(elsewhere, "compose.yml"), "services:\n  letta:\n    image: letta/letta:latest\n");

        // A folder of that name is in the way of the file that is to be kept.
        var obstacle = Directory.CreateDirectory(_folder[$"project/{other}.bak"]).FullName;

        foreach (var command in (string[])["Set-LettaImagePin $args -Version 0.16.8 -Backup", "Get-LettaImagePin $args | Set-LettaImagePin -Version 0.16.8 -Backup"])
        {
            var result = _shell.Run(command, _folder["project"], elsewhere);

            Assert.Equal(_folder["project/" + other], Assert.Single(result.Errors).TargetObject);
            Assert.Equal((compose, text), (File.ReadAllText(_folder["project/compose.yml"]), File.ReadAllText(_folder["project/" + other])));
            Assert.Contains(_shell.Console.Warnings, w => w.Contains($"'{_folder["project/compose.yml"]}' is not pinned", StringComparison.Ordinal));
            Assert.Contains("0.16.8", File.ReadAllText(Path.Join(elsewhere, "compose.yml")), StringComparison.Ordinal);
        }

        Directory.Delete(obstacle);
        _shell.Run("Set-LettaImagePin $args[0] -Version 0.16.8 -Backup", _folder["project"]).Succeed();

        Assert.All((string[])["compose.yml", other], f => Assert.Contains("0.16.8", File.ReadAllText(_folder["project/" + f]), StringComparison.Ordinal));
    }

    [Fact]
    public void A_bad_file_costs_no_other_its_findings()
    {
        var good = Case("volume-empty-variable");
        File.WriteAllText(_folder["bad.yml"], "services:\n  letta:\n    image: letta/letta:0.16.8\n    volumes: [\":/x\"]\n   - broken\n");

        var result = _shell.Run("Test-LettaCompose $args[0], $args[1]", _folder["bad.yml"], good);

        Assert.StartsWith("InvalidYaml,", Assert.Single(result.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(2, result.Output.Count);
    }

    [Theory]
    [InlineData("Get-LettaImagePin")]
    [InlineData("Test-LettaCompose")]
    [InlineData("Set-LettaImagePin -Version 0.16.8")]
    public void A_folder_without_any_file_is_an_error_also_the_current_one(string command)
    {
        Directory.CreateDirectory(_folder["empty"]);

        foreach (var text in new[] { command + " -Path $args[0]", $"$ExecutionContext.SessionState.Path.SetLocation($args[0]); {command}", command + " -Path ($args[0] + '/*.yml')" })
        {
            var result = _shell.Run(text, _folder["empty"]);
            if (command.StartsWith("Get", StringComparison.Ordinal) && text.Contains("SetLocation", StringComparison.Ordinal) && result.Output.Count > 0)
            {
                // A server that runs on this machine has a compose file elsewhere.
                continue;
            }

            Assert.Matches("^(ComposeFileNotFound|PathNotFound),", Assert.Single(result.Errors).FullyQualifiedErrorId);
        }
    }

    [Fact]
    public void A_file_without_an_image_of_Letta_is_an_error_of_Get_and_a_warning_of_Test()
    {
        File.WriteAllText(_folder["compose.yml"], "services:\n  web:\n    image: nginx:1\n");

        Assert.StartsWith("LettaImageNotFound,", Assert.Single(_shell.Run("Get-LettaImagePin $args[0]", _folder["compose.yml"]).Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        _shell.Console.Warnings.Clear();
        Assert.Empty(_shell.Run("Test-LettaCompose $args[0]", _folder["compose.yml"]).Succeed());
        Assert.Contains("web", Assert.Single(_shell.Console.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_is_shown_and_not_changed()
    {
        const string Script = "#!/bin/sh\n# docker run letta/letta:0.1\ndocker run -d --name letta -p 8283:8283 letta/letta:latest\ncurl https://github.com/letta-ai/letta\n";
        File.WriteAllText(_folder["run.sh"], Script);

        var pin = Assert.Single(_shell.Run("Get-LettaImagePin $args[0]", _folder.Path).Succeed());
        Assert.Equal(("Other", 3, false), (pin.Get<object>("Format").ToString(), pin.Get<int>("Line"), pin.Get<bool>("IsEditable")));
        var error = Assert.Single(_shell.Run("Get-LettaImagePin $args[0] | Set-LettaImagePin -Version 0.16.8", _folder.Path).Errors);

        Assert.StartsWith("ImageFileNotSupported,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(Script, File.ReadAllText(_folder["run.sh"]));
    }

    private string Case(string name)
    {
        var target = Directory.CreateDirectory(_folder["case"]).FullName;
        foreach (var file in Directory.GetFiles(Path.Join(AppContext.BaseDirectory, "Fixtures", "compose-cases", name)))
        {
            File.Copy(file, Path.Join(target, Path.GetFileName(file)));
        }

        return target;
    }
}
