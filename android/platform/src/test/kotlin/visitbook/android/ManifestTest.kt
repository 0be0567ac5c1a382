/*
 * What the library's manifest says for every app that it is merged into.
 */
package visitbook.android

import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.w3c.dom.Element
import java.io.File
import javax.xml.parsers.DocumentBuilderFactory

private const val ANDROID = "http://schemas.android.com/apk/res/android"

/** Everywhere that Android may take a backup from. */
private val DOMAINS =
    listOf("root", "file", "database", "sharedpref", "external").flatMap { listOf(it, "device_$it") } - "device_external"

class ManifestTest {
    private fun read(file: String): Element =
        DocumentBuilderFactory
            .newInstance()
            .apply { isNamespaceAware = true }
            .newDocumentBuilder()
            .parse(File("src/main/$file"))
            .documentElement

    private fun Element.all(name: String): List<Element> =
        getElementsByTagName(name).let { found ->
            (0 until found.length).map { found.item(it) as Element }
        }

    @Test
    fun `no app that takes the library in is backed up, nor moved to another phone`() {
        val application = read("AndroidManifest.xml").all("application").single()
        assertEquals("false", application.getAttributeNS(ANDROID, "allowBackup"))
        assertEquals("false", application.getAttributeNS(ANDROID, "fullBackupContent"))
        val (kind, name) = application.getAttributeNS(ANDROID, "dataExtractionRules").split("/")
        assertEquals("@xml", kind)
        val rules = read("res/xml/$name.xml")
        assertTrue(rules.all("include").isEmpty())
        for (way in listOf("cloud-backup", "device-transfer")) {
            val excluded = rules.all(way).single().all("exclude")
            assertEquals(way, DOMAINS.toSet(), excluded.map { it.getAttribute("domain") }.toSet())
            assertTrue(excluded.all { it.getAttribute("path") == "." })
        }
    }

    @Test
    fun `what the code needs is asked for, and nothing else`() {
        val asked = read("AndroidManifest.xml").all("uses-permission").map { it.getAttributeNS(ANDROID, "name") }
        assertEquals(
            listOf("ACCESS_NETWORK_STATE", "INTERNET", "RECEIVE_BOOT_COMPLETED", "USE_BIOMETRIC").map { "android.permission.$it" },
            asked,
        )
    }
}
